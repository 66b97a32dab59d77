// Test Upsun's published client against /upsun: requests, parsed responses and errors.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import platformsh from "platformsh-client";
import older from "platformsh-client-older";

const { default: Client, models, api: request } = platformsh;
const demo = JSON.parse(readFileSync(process.env.DEMO));
const { owner, member } = demo.people;
const organization = demo.organization.ulid;
const invitations = `${demo.base_url}/upsun/organizations/${organization}/invitations`;

// A user of the client changes only these two URLs.
const addresses = { api_url: `${demo.base_url}/upsun`, authentication_url: `${demo.base_url}/upsun` };
const signedIn = (person = owner) => new Client({ ...addresses, access_token: person.oauth_token });

const emails = (found) => found.map((invitation) => invitation.email);
const OPEN = [
  "invitee@example.com",
  "direct-permissions@example.com",
  "application-guest@example.com",
  "second-application-guest@example.com",
  "workspace-guest@example.com",
];

test("it lists the open invitations as objects of its own, the newest first", async () => {
  const found = await signedIn().getOrganizationInvitations(organization);

  assert.deepEqual(emails(found), OPEN);
  const [newest] = found;
  assert.equal(newest.id, demo.invitations.pending.id);
  assert.equal(newest.state, "pending");
  assert.equal(newest.organization_id, organization);
  assert.deepEqual(newest.owner, { id: owner.id, display_name: "Demo Owner" });
  assert.deepEqual(newest.permissions, ["project:create", "projects:list"]);
  assert.deepEqual(found[1].permissions, ["billing", "members"]);
});

test("it passes our filters, sorting and page sizes on", async () => {
  const client = signedIn();

  const failed = await client.getOrganizationInvitations(organization, "filter[state]=error");
  assert.deepEqual(failed.map(({ id, state, email }) => ({ id, state, email })), [
    { id: demo.invitations.error.id, state: "error", email: "no-such-mailbox@example.com" },
  ]);
  const oldest = await client.getOrganizationInvitations(organization, "sort=updated_at&page[size]=1");
  assert.deepEqual(emails(oldest), [OPEN.at(-1)]);
});

test("its own requests follow the links of a HAL collection to the end and back", async () => {
  signedIn();
  const hal = { Accept: "application/hal+json" };
  const pages = [];
  let page = await request(`${invitations}?page[size]=2`, "GET", undefined, hal);
  for (; page._links.next; page = await request(page._links.next.href, "GET", undefined, hal)) pages.push(page);
  pages.push(page);

  assert.deepEqual(pages.map((one) => emails(one.items)), [OPEN.slice(0, 2), OPEN.slice(2, 4), OPEN.slice(4)]);
  assert.equal(page.count, 5);
  const back = await request(page._links.prev.href, "GET", undefined, hal);
  assert.deepEqual(emails(back.items), OPEN.slice(2, 4));
});

test("it invites, is told of the open invitation, supersedes it with force, and cancels", async () => {
  const client = signedIn();
  const invite = (...more) => client.createOrganizationInvitation("newcomer@example.com", organization, ...more);

  const created = (await invite(["members"])).getEntity();
  assert.equal(created.state, "pending");
  assert.equal(created.email, "newcomer@example.com");
  assert.deepEqual(created.permissions, ["members"]);
  assert.deepEqual(created.owner, { id: owner.id, display_name: "Demo Owner" });

  await assert.rejects(invite(["members"]), (raised) => {
    assert.deepEqual(raised, { error: "There is an open invitation to this address." });
    return true;
  });

  const second = (await invite(["billing", "plans"], true)).getEntity();
  assert.notEqual(second.id, created.id);
  assert.deepEqual(second.permissions, ["billing", "plans"]);
  assert.equal((await models.OrganizationInvitation.get(organization, created.id)).state, "cancelled");

  const [listed] = await client.getOrganizationInvitations(organization);
  assert.equal(listed.id, second.id);
  await listed.delete();
  assert.equal((await models.OrganizationInvitation.get(organization, second.id)).state, "cancelled");
  assert.deepEqual(emails(await client.getOrganizationInvitations(organization)), OPEN);
});

test("it raises our sentence for what is refused", async () => {
  const refusal = (error) => (raised) => {
    assert.deepEqual(raised, { error });
    return true;
  };
  const client = signedIn();
  const lacking = "You lack the permission for this.";

  await assert.rejects(client.getOrganizationInvitations(demo.other_organization.ulid), refusal(lacking));
  await assert.rejects(
    client.createOrganizationInvitation("newcomer@example.com", organization, ["nonsense"]),
    refusal('Some fields are not valid. permissions.0: One of these is expected: admin, billing, plans, members, project:create, projects:list, projects:create.'),
  );
  await assert.rejects(models.OrganizationInvitation.get(organization, owner.id), refusal("There is no such invitation."));
  const without = signedIn(member);
  await assert.rejects(without.getOrganizationInvitations(organization), refusal(lacking));
  await assert.rejects(without.createOrganizationInvitation("newcomer@example.com", organization, []), refusal(lacking));
  const nobody = signedIn({ oauth_token: "unknown" });
  await assert.rejects(nobody.getOrganizationInvitations(organization), refusal("This credential is not valid."));
});

test("it takes the token of client credentials", async () => {
  const client = signedIn(demo.service);

  assert.deepEqual(emails(await client.getOrganizationInvitations(organization)), OPEN);
});

test("it exchanges an API token, which is an API key of ours, and invites with it", async () => {
  const { default: OlderClient } = older;
  const client = new OlderClient({ ...addresses, api_token: demo.service.api_key });

  const { access_token, token_type, expires_in } = await client.getAccessToken();
  assert.deepEqual({ token_type, expires_in }, { token_type: "Bearer", expires_in: 900 });
  assert.ok(!access_token.includes(demo.service.api_key));
  const made = await client.createOrganizationInvitation("newcomer@example.com", organization, ["projects:list"]);
  const { email, permissions } = made.getEntity();
  assert.deepEqual({ email, permissions }, { email: "newcomer@example.com", permissions: ["projects:list"] });
});
