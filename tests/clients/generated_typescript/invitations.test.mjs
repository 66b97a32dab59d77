// Generate TypeScript types from the five served OpenAPI documents, compile a client that uses them with `tsc --strict`,
// and send an invitation through each API.
import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {before, test} from 'node:test'
import {fileURLToPath} from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const DEMO = JSON.parse(readFileSync(process.env.DEMO, 'utf8'))
const PREFIXES = {house: 'api/v0', wacht: 'wacht', zenml: 'zenml', upsun: 'upsun', applivery: 'applivery'}

const run = (program, ...args) =>
    execFileSync(process.execPath, [`${HERE}node_modules/${program}`, ...args], {cwd: HERE, stdio: 'inherit'})

let send

before(async () => {
    for (const [name, prefix] of Object.entries(PREFIXES)) {
        const document = `${DEMO.base_url}/${prefix}/openapi.json`
        run('openapi-typescript/bin/cli.js', document, '--output', `generated/${name}.d.mts`)
    }
    run('typescript/bin/tsc')
    send = await import('./built/invitations.mjs')
})

test('house: an organization invites, the invitee accepts', async () => {
    const {created, received, accepted, refused} = await send.house(DEMO)
    assert.equal(created.state, 'pending')
    assert.equal(received, created.id)
    assert.equal(accepted.status, 'accepted')
    assert.equal(refused.code, 'invitation_accepted')
})

test('wacht: an organization invites, the invitee accepts with the listed token', async () => {
    const {created, accepted, refused} = await send.wacht(DEMO)
    assert.equal(created.status, 'pending')
    assert.equal(accepted.organization.id, DEMO.other_organization.decimal)
    assert.equal(refused.code, 'INVITATION_NOT_FOUND')
})

test('zenml: the invitee lists, reads and answers', async () => {
    const {read, accepted, declined, refused} = await send.zenml(DEMO)
    assert.ok([DEMO.organization.id, DEMO.other_organization.id].includes(accepted), read.organization_name)
    assert.equal(declined, null)
    assert.deepEqual(refused[0].loc, ['path', 'invitation_id'])
})

test('upsun: an organization exchanges an API key, invites, lists, reads and cancels', async () => {
    const {created, listed, read} = await send.upsun(DEMO)
    assert.equal(created.state, 'pending')
    assert.ok(listed.includes(created.id))
    assert.equal(read.state, 'cancelled')
})

test('applivery: an application lists its invitations', async () => {
    const {listed, refused} = await send.applivery(DEMO)
    assert.deepEqual([listed.totalDocs, listed.items[0].role], [1, 'editor'])
    assert.equal(refused.code, 3001)
})
