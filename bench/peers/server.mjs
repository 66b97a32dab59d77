// Serve better-auth with its organization plugin, as in production. Create its tables first.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { organization } from "better-auth/plugins";
import pg from "pg";

const { DATABASE_URL, PORT, PUBLIC_BASE_URL, SECRET_KEY } = process.env;
const UNLIMITED = 100_000_000;

const options = {
  baseURL: PUBLIC_BASE_URL,
  secret: SECRET_KEY,
  // A connection that is closed takes its CPU time with it, so idle connections stay open.
  database: new pg.Pool({ connectionString: DATABASE_URL, idleTimeoutMillis: 0 }),
  logger: { level: "error" },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    organization({
      invitationLimit: UNLIMITED,
      membershipLimit: UNLIMITED,
      sendInvitationEmail: async () => {},
    }),
  ],
};

await (await getMigrations(options)).runMigrations();
const server = createServer(toNodeHandler(betterAuth(options)));
server.keepAliveTimeout = 0; // the benchmark keeps one connection, and sends other requests between its own
server.listen(Number(PORT), "127.0.0.1");
