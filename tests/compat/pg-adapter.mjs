// Auth.js on a PostgreSQL database of its own: its adapter (npm `@auth/pg-adapter`), and Auth.js itself with sessions in that
// database, links by mail, and Scalekit. The database is made with the tables that Auth.js documents.
//
// Environment: POSTGRES_URL (a server on which databases can be created), AUTH_SECRET, AUTH_SCALEKIT_ID, AUTH_SCALEKIT_SECRET,
// AUTH_SCALEKIT_ISSUER (http is fine on loopback).
// Prints `{"url"}` when the database is there, then answers each line of JSON with one, `{"result"}` or `{"error"}`:
//   {"op": "adapter", "method", "argument"}              a method of the adapter; moments are ISO texts with milliseconds
//   {"op": "sql", "text"}                                rows
//   {"op": "request", "method", "url", "headers", "body"} what Auth.js answers: {"status", "headers": [[name, value]], "body"}
//   {"op": "mails"}                                      the mails that Auth.js would have sent since the last such question
//   {"op": "end"}                                        drops the database

import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { Auth } from "@auth/core"
import PostgresAdapter from "@auth/pg-adapter"
import pg from "pg"

const env = process.env
const name = `authjs_${randomUUID().replaceAll("-", "")}`
const url = new URL(env.POSTGRES_URL)
const admin = new pg.Client({ connectionString: url.href })
await admin.connect()
await admin.query(`CREATE DATABASE ${name}`)
url.pathname = `/${name}`
const pool = new pg.Pool({ connectionString: url.href })
// A connection that is about to end may be ended by the server first, when the database is dropped.
pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}))
await pool.query(readFileSync(new URL("authjs-schema.sql", import.meta.url), "utf8"))

const adapter = PostgresAdapter(pool)
const mails = []
const problems = []

const config = {
  basePath: "/api/auth",
  trustHost: true,
  secret: env.AUTH_SECRET,
  adapter,
  session: { strategy: "database" },
  providers: [
    {
      // As in authjs-server.mjs.
      id: "scalekit",
      name: "Scalekit",
      type: "oidc",
      issuer: env.AUTH_SCALEKIT_ISSUER,
      authorization: { params: { scope: "openid email profile", organization_id: "org_acme" } },
      client: { token_endpoint_auth_method: "client_secret_basic" },
      profile: (profile) => ({
        id: profile.sub,
        name: profile.name,
        email: profile.email,
        image: profile.picture ?? null,
      }),
      clientId: env.AUTH_SCALEKIT_ID,
      clientSecret: env.AUTH_SCALEKIT_SECRET,
    },
    {
      id: "email",
      type: "email",
      name: "Email",
      from: "no-reply@acme.example",
      maxAge: 24 * 60 * 60,
      sendVerificationRequest({ identifier, url, token, expires }) {
        mails.push({ identifier, url, token, expires })
      },
    },
  ],
  logger: {
    error: (error) => problems.push(`${error.name}: ${error.message} ${error.cause?.err?.stack ?? ""}`),
    warn: () => {},
    debug: () => {},
  },
}

const moments = new Set(["expires", "emailVerified"])
const revive = (name, value) => (moments.has(name) && typeof value === "string" ? new Date(value) : value)

async function request({ method, url, headers, body }) {
  const response = await Auth(new Request(url, { method, headers, body: body || undefined }), config)
  return { status: response.status, headers: [...response.headers], body: await response.text() }
}

async function answer(line) {
  const question = JSON.parse(line, revive)
  switch (question.op) {
    case "adapter":
      return adapter[question.method](question.argument)
    case "sql":
      return (await pool.query(question.text)).rows
    case "request":
      return request(question)
    case "mails":
      return mails.splice(0)
    case "end":
      await pool.end()
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      return admin.end()
    default:
      throw new Error(`unknown op ${question.op}`)
  }
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
say({ url: url.href })
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say({ result: (await answer(line)) ?? null, problems: problems.splice(0) })
  } catch (error) {
    say({ error: String(error.stack ?? error) })
  }
}
