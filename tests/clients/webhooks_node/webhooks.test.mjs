// Verify webhooks of a running service with the published packages `standardwebhooks` and `svix`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const demo = JSON.parse(readFileSync(process.env.DEMO));
const webhooks = `${demo.base_url}/api/v0/organizations/${demo.organization.id}/webhooks`;
const packages = [StandardWebhook, SvixWebhook];
const waiting = [];
let server, endpoint;

async function ask(method, path, body) {
  const headers = { "X-API-Key": demo.service.api_key, "Content-Type": "application/json" };
  const response = await fetch(webhooks + path, { method, headers, body: JSON.stringify(body ?? {}) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? null : (await response.json()).data;
}

async function nextTest() {
  const received = new Promise((resolve) => waiting.push(resolve));
  await ask("POST", `/${endpoint.id}/test`);
  return received;
}

before(async () => {
  server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    response.writeHead(204).end();
    waiting.shift()({ headers: request.headers, body: Buffer.concat(parts).toString() });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = await ask("POST", "", { url: `http://127.0.0.1:${server.address().port}/` });
});

after(async () => {
  await ask("DELETE", `/${endpoint.id}`);
  server.close();
});

test("both packages verify a webhook", async () => {
  const { headers, body } = await nextTest();
  for (const Package of packages) new Package(endpoint.secret).verify(body, headers);
  const received = JSON.parse(body);
  assert.equal(received.type, "webhook.test");
  assert.equal(received.data.organizationId, demo.organization.id);
});

test("both packages refuse what was changed", async () => {
  const { headers, body } = await nextTest();
  for (const Package of packages) {
    assert.throws(() => new Package(endpoint.secret).verify(`${body} `, headers), { name: /Error/ });
  }
});

test("after a rotation either secret verifies", async () => {
  const { secret } = await ask("POST", `/${endpoint.id}/rotate-secret`);
  const { headers, body } = await nextTest();
  for (const Package of packages) {
    for (const one of [secret, endpoint.secret]) new Package(one).verify(body, headers);
    assert.throws(() => new Package("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").verify(body, headers), { name: /Error/ });
  }
});
