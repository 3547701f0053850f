// Auth.js as a plain Node server, the peer for compatibility tests and for the benchmark.
//
// Environment: PORT (0 picks one), HOST (127.0.0.1), AUTH_SECRET and AUTH_SECRET_1 … _3, AUTH_SCALEKIT_ID, AUTH_SCALEKIT_SECRET,
// AUTH_SCALEKIT_ISSUER (http is fine on loopback), AUTH_URL for the public origin (else the Host header).
// DATABASE_URL of a PostgreSQL database: sessions are kept there, by @auth/pg-adapter.
// Prints `listening <origin>` when ready. Serves /api/auth/*, /healthz, and `ok` for everything else.

import { createServer } from "node:http"
import { Auth, setEnvDefaults } from "@auth/core"

const env = process.env

// The Scalekit card as Auth.js's own providers are written; it is not in this release of @auth/core.
function Scalekit(options) {
  return {
    id: "scalekit",
    name: "Scalekit",
    type: "oidc",
    issuer: options.issuer,
    authorization: { params: { scope: "openid email profile" } },
    client: { token_endpoint_auth_method: "client_secret_basic" },
    profile(profile) {
      return {
        id: profile.sub,
        name: profile.name ?? `${profile.given_name} ${profile.family_name}`,
        email: profile.email,
        image: profile.picture ?? null,
      }
    },
    style: { bg: "#1c1c1e", text: "#fff" },
    options,
  }
}

const config = {
  basePath: "/api/auth",
  trustHost: true,
  providers: [
    Scalekit({
      clientId: env.AUTH_SCALEKIT_ID,
      clientSecret: env.AUTH_SCALEKIT_SECRET,
      issuer: env.AUTH_SCALEKIT_ISSUER,
    }),
  ],
  logger: {
    error: (error) => console.error(`[auth] ${error.name}: ${error.message} ${error.cause?.err?.stack ?? ""}`),
    warn: () => {},
    debug: () => {},
  },
}
if (env.DATABASE_URL) {
  const [{ default: pg }, { default: PostgresAdapter }] = await Promise.all([import("pg"), import("@auth/pg-adapter")])
  config.adapter = PostgresAdapter(new pg.Pool({ connectionString: env.DATABASE_URL }))
}
setEnvDefaults({ ...env, AUTH_URL: undefined }, config)

async function bodyOf(message) {
  const parts = []
  for await (const part of message) parts.push(part)
  return Buffer.concat(parts)
}

async function handle(message, answer) {
  const origin = env.AUTH_URL ? new URL(env.AUTH_URL).origin : `http://${message.headers.host}`
  const url = new URL(message.url, origin)
  if (!url.pathname.startsWith("/api/auth/")) return answer.writeHead(200, { "content-type": "text/plain" }).end("ok")

  const headers = new Headers()
  for (let i = 0; i < message.rawHeaders.length; i += 2) headers.append(message.rawHeaders[i], message.rawHeaders[i + 1])
  const body = message.method === "GET" || message.method === "HEAD" ? undefined : await bodyOf(message)
  const response = await Auth(new Request(url, { method: message.method, headers, body }), config)

  const out = {}
  for (const [name, value] of response.headers) if (name !== "set-cookie") out[name] = value
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) out["set-cookie"] = cookies
  const text = await response.text()
  out["content-length"] = Buffer.byteLength(text)
  answer.writeHead(response.status, out).end(text)
}

const server = createServer((message, answer) => {
  handle(message, answer).catch((error) => {
    console.error(error)
    if (!answer.headersSent) answer.writeHead(500)
    answer.end()
  })
})
server.keepAliveTimeout = 60_000
server.listen(Number(env.PORT ?? 0), env.HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address()
  console.log(`listening http://${address}:${port}`)
})
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0))
