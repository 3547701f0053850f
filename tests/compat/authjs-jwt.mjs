// Auth.js's own session-token code behind a line protocol.
//
// Each line of standard input is one JSON request, each line of standard output its answer, in order:
//
//   {"op":"encode",     "payload":{…}, "secret":"…"|["…"], "salt":"…", "maxAge"?:seconds, "now"?:unix}  -> {"ok":true,"result":"<jwe>"}
//   {"op":"encode_gcm", …same…}   the A256GCM form, which Auth.js reads but never writes itself
//   {"op":"decode",     "token":"…", "secret":…, "salt":"…", "now"?:unix}                               -> {"ok":true,"result":{…}|null}
//
// A failure is {"ok":false,"error":"<name>: <message>"}; any `id` of a request is repeated in its answer. The program ends with its input.

import { createInterface } from "node:readline"
import { randomUUID } from "node:crypto"
import { hkdf } from "@panva/hkdf"
import { base64url, calculateJwkThumbprint, EncryptJWT } from "jose"
import { decode, encode } from "@auth/core/jwt"

const RealDate = Date

// Auth.js takes the time from `Date`, so a fixed clock means a fixed `Date` while one request runs. Requests run one by one.
function dateFixedAt(unixSeconds) {
  const millis = unixSeconds * 1000
  return class extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(millis)
      else super(...args)
    }
    static now() {
      return millis
    }
  }
}

async function atTime(now, work) {
  if (now === undefined || now === null) return work()
  globalThis.Date = dateFixedAt(now)
  try {
    return await work()
  } finally {
    globalThis.Date = RealDate
  }
}

async function encodeGcm({ token = {}, secret, salt, maxAge = 30 * 24 * 60 * 60 }) {
  const first = Array.isArray(secret) ? secret[0] : secret
  const key = await hkdf("sha256", first, salt, `Auth.js Generated Encryption Key (${salt})`, 32)
  const kid = await calculateJwkThumbprint({ kty: "oct", k: base64url.encode(key) }, "sha256")
  const now = Math.floor(Date.now() / 1000)
  return new EncryptJWT(token)
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid })
    .setIssuedAt(now)
    .setExpirationTime(now + maxAge)
    .setJti(randomUUID())
    .encrypt(key)
}

async function run(request) {
  const { op, token, payload, secret, salt, maxAge } = request
  switch (op) {
    case "encode":
      return encode({ token: payload, secret, salt, maxAge })
    case "encode_gcm": {
      const minted = await encodeGcm({ token: payload, secret, salt, maxAge })
      await decode({ token: minted, secret, salt }) // Auth.js itself must accept what stands for it
      return minted
    }
    case "decode":
      return decode({ token, secret, salt })
    default:
      throw new Error(`unknown op ${JSON.stringify(op)}`)
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === "") continue
  let answer
  let id
  try {
    const request = JSON.parse(line)
    id = request.id
    answer = { ok: true, result: await atTime(request.now, () => run(request)) }
  } catch (error) {
    answer = { ok: false, error: `${error?.name ?? "Error"}: ${error?.message ?? error}` }
  }
  if (id !== undefined) answer.id = id
  process.stdout.write(JSON.stringify(answer) + "\n")
}
