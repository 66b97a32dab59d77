// An invitation through each API. Every field that this file reads or sends is checked against the generated types.
import createClient from 'openapi-fetch'

import type {paths as AppliveryPaths} from './generated/applivery.mjs'
import type {paths as HousePaths} from './generated/house.mjs'
import type {paths as UpsunPaths} from './generated/upsun.mjs'
import type {paths as WachtPaths} from './generated/wacht.mjs'
import type {paths as ZenmlPaths} from './generated/zenml.mjs'

interface Organization { id: string, ulid: string, oid: string, decimal: string }
interface Person { email: string, jwt: string, session_id: string, oauth_token: string }
export interface Demo {
    base_url: string
    organization: Organization
    other_organization: Organization
    application: { id: string, slug: string }
    people: Record<'owner' | 'member' | 'invitee' | 'stranger', Person>
    service: { api_key: string }
}

function present<Value>(value: Value | undefined): Value {
    if (value === undefined) throw new Error('The response has another status than expected.')
    return value
}

const bearer = (demo: Demo, token: string) => ({baseUrl: demo.base_url, headers: {Authorization: `Bearer ${token}`}})

export async function house(demo: Demo) {
    const owner = createClient<HousePaths>(bearer(demo, demo.people.owner.jwt))
    const invitee = createClient<HousePaths>(bearer(demo, demo.people.stranger.jwt))
    const created = present((await owner.POST('/api/v0/organizations/{organization_id}/invitations', {
        params: {path: {organization_id: demo.organization.id}},
        body: {email: demo.people.stranger.email, expiresInDays: 3},
    })).data).data
    const list = await invitee.GET('/api/v0/invitations', {params: {query: {sort: 'invitedAt:desc', limit: 1}}})
    const received = present(list.data).data[0]?.id
    const accept = () => invitee.POST('/api/v0/invitations/{invitation_id}/accept', {
        params: {path: {invitation_id: created.id}},
    })
    const accepted = present((await accept()).data).data
    const refused = present((await accept()).error).error
    return {created, received, accepted, refused}
}

export async function wacht(demo: Demo) {
    const client = (person: Person) =>
        createClient<WachtPaths>({baseUrl: demo.base_url, headers: {Cookie: `session_id=${person.session_id}`}})
    const inviter = client(demo.people.stranger)
    const invitee = client(demo.people.member)
    const params = {path: {organization_id: demo.other_organization.decimal}}
    const body = {email: demo.people.member.email}
    const created = present((await inviter.POST('/wacht/organizations/{organization_id}/invitations', {params, body})).data).data
    const list = present((await inviter.GET('/wacht/organizations/{organization_id}/invitations', {params})).data)
    const token = present(list.data[0]).token
    const accept = (token: string) => invitee.POST('/wacht/organizations/invitations/accept', {body: {token}})
    const accepted = present((await accept(token)).data).data
    const refused = present((await accept('unknown')).error).errors[0]
    return {created, accepted, refused}
}

export async function zenml(demo: Demo) {
    const invitee = createClient<ZenmlPaths>(bearer(demo, demo.people.invitee.oauth_token))
    const [first, second] = present((await invitee.GET('/zenml/invitations')).data)
    const path = (invitation_id: string) => ({path: {invitation_id}})
    const get = (id: string) => invitee.GET('/zenml/invitations/{invitation_id}', {params: path(id)})
    const answer = async (id: string, accept: boolean) => present((await invitee.POST(
        '/zenml/invitations/{invitation_id}', {params: {...path(id), query: {accept}}},
    )).data)
    const read = present((await get(present(first).id)).data)
    const accepted = await answer(read.id, true)
    const declined = await answer(present(second).id, false)
    const refused = present((await get('not-an-id')).error).detail
    return {read, accepted, declined, refused}
}

export async function upsun(demo: Demo) {
    const token = present((await createClient<UpsunPaths>({baseUrl: demo.base_url}).POST('/upsun/oauth2/token', {
        body: {grant_type: 'api_token', api_token: demo.service.api_key},
        headers: {'Content-Type': 'application/x-www-form-urlencoded'},
    })).data)
    const manager = createClient<UpsunPaths>(bearer(demo, token.access_token))
    const path = {organization_id: demo.organization.ulid}
    const created = present((await manager.POST('/upsun/organizations/{organization_id}/invitations', {
        params: {path}, body: {email: 'newcomer@example.com', permissions: ['projects:list'], force: false},
    })).data)
    const list = present((await manager.GET('/upsun/organizations/{organization_id}/invitations', {params: {path}})).data)
    const listed = Array.isArray(list) ? list : list.items
    const one = {params: {path: {...path, invitation_id: created.id}}}
    await manager.DELETE('/upsun/organizations/{organization_id}/invitations/{invitation_id}', one)
    const read = present((await manager.GET('/upsun/organizations/{organization_id}/invitations/{invitation_id}', one)).data)
    return {created, listed: listed.map(invitation => invitation.id), read}
}

export async function applivery(demo: Demo) {
    const owner = bearer(demo, demo.people.owner.jwt)
    const ours = createClient<HousePaths>(owner)
    const params = {path: {organization_id: demo.organization.id}}
    const roles = present((await ours.GET('/api/v0/organizations/{organization_id}/roles', {
        params: {...params, query: {scope: 'unit', limit: 100}},
    })).data).data
    const editor = present(roles.find(role => role.name === 'editor'))
    const email = 'tester@example.com'
    await ours.POST('/api/v0/organizations/{organization_id}/invitations', {
        params, body: {email, unitId: demo.application.id, unitRoleId: editor.id},
    })
    const client = createClient<AppliveryPaths>(owner)
    const list = (application_id: string) => client.GET(
        '/applivery/v1/organizations/{organization_id}/apps/{application_id}/collaborators/invitations',
        {params: {path: {organization_id: demo.organization.oid, application_id}, query: {email}}},
    )
    const listed = present((await list(demo.application.slug)).data).data
    const refused = present((await list('no-such-application')).error).error
    return {listed, refused}
}
