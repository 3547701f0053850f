// A certified OpenID provider (npm `oidc-provider`) on loopback that signs everybody in without asking.
//
// Environment:
//   PORT (0 picks one), HOST (127.0.0.1), ISSUER (http://HOST:PORT)
//   CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, POST_LOGOUT_REDIRECT_URI (the last two: one or more, separated by spaces)
//   CLIENT_AUTH (client_secret_basic | client_secret_post), RESPONSE_IDTOKEN_ALG (RS256; also PS256, ES256, EdDSA)
//   USER_SUB, USER_EMAIL, USER_NAME, USER_PICTURE
//   JWKS_FILE (a private JWK set; otherwise a key is made)
// Prints `listening <issuer>` when ready.
//
// Keys: `POST /control/rotate`, a line `rotate` on standard input, or SIGHUP sign with a new key from then on; the previous key stays
// published. `POST /control/rotate?drop=1` withdraws it. The answer is {"kid": "<new>", "published": ["<kid>", …]}.

import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { randomUUID } from "node:crypto"
import { createInterface } from "node:readline"
import { exportJWK, generateKeyPair } from "jose"
import { Provider } from "oidc-provider"

const env = process.env
const host = env.HOST ?? "127.0.0.1"
const alg = env.RESPONSE_IDTOKEN_ALG ?? "RS256"
const user = {
  sub: env.USER_SUB ?? "ada",
  email: env.USER_EMAIL ?? "ada@example.com",
  email_verified: true,
  name: env.USER_NAME ?? "Ada Lovelace",
  picture: env.USER_PICTURE ?? "https://example.com/ada.png",
}

for (const name of ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"]) {
  if (!env[name]) {
    console.error(`oidc-provider.mjs needs ${name}`)
    process.exit(2)
  }
}
const list = (text) => (text ?? "").split(/\s+/).filter(Boolean)

async function newKey() {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), use: "sig", alg }
}

// The provider's own memory store belongs to one instance; this one outlives a change of keys, and with it every session and grant.
const stored = new Map()

class Memory {
  constructor(model) {
    this.model = model
  }
  key(id) {
    return `${this.model}:${id}`
  }
  async upsert(id, payload, expiresIn) {
    stored.set(this.key(id), { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity })
  }
  async find(id) {
    const found = stored.get(this.key(id))
    return found && found.until > Date.now() ? found.payload : undefined
  }
  async findBy(member, value) {
    for (const [key, { payload }] of stored) {
      if (key.startsWith(`${this.model}:`) && payload[member] === value) return payload
    }
  }
  async findByUid(uid) {
    return this.findBy("uid", uid)
  }
  async findByUserCode(userCode) {
    return this.findBy("userCode", userCode)
  }
  async consume(id) {
    stored.get(this.key(id)).payload.consumed = Math.floor(Date.now() / 1000)
  }
  async destroy(id) {
    stored.delete(this.key(id))
  }
  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of stored) if (payload.grantId === grantId) stored.delete(key)
  }
}

let keys = env.JWKS_FILE ? JSON.parse(readFileSync(env.JWKS_FILE, "utf8")).keys : [await newKey()]
let issuer = env.ISSUER
let provider

function providerWith(signingKeys) {
  const made = new Provider(issuer, {
    adapter: Memory,
    jwks: { keys: signingKeys },
    clients: [
      {
        client_id: env.CLIENT_ID,
        client_secret: env.CLIENT_SECRET,
        redirect_uris: list(env.REDIRECT_URI),
        post_logout_redirect_uris: list(env.POST_LOGOUT_REDIRECT_URI),
        token_endpoint_auth_method: env.CLIENT_AUTH ?? "client_secret_basic",
        id_token_signed_response_alg: alg,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "none"],
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    pkce: { required: () => true },
    scopes: ["openid", "offline_access"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
    conformIdTokenClaims: false, // as Scalekit: the ID token itself carries e-mail and profile
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...user, sub }) }),
    cookies: { keys: ["a key for loopback tests only"] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource: confirmItself },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600 },
    renderError(ctx, out) {
      ctx.type = "json"
      ctx.body = out
    },
  })
  made.on("server_error", (_ctx, error) => console.error(error))
  return made
}

function confirmItself(ctx, form) {
  ctx.body = `<!doctype html><html lang="en"><title>Signing out</title>
    ${form.replace("</form>", '<input type="hidden" name="logout" value="yes"></form>')}
    <button form="op.logoutForm">Sign out</button><script>document.forms[0].submit()</script></html>`
}

// Stands for the person at the login and consent pages: grants whatever is asked.
async function interact(request, response) {
  const details = await provider.interactionDetails(request, response)
  const { prompt, params, session } = details
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: user.sub } }, { mergeWithLastSubmission: false })
  }
  const grant = details.grantId
    ? await provider.Grant.find(details.grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(" "))
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims)
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
}

async function rotate({ drop = false } = {}) {
  keys = drop ? [await newKey()] : [await newKey(), keys[0]]
  provider = providerWith(keys)
  return { kid: keys[0].kid, published: keys.map((key) => key.kid) }
}

async function handle(request, response) {
  const url = new URL(request.url, issuer)
  if (url.pathname.startsWith("/interaction/")) return interact(request, response)
  if (request.method === "POST" && url.pathname === "/control/rotate") {
    const result = await rotate({ drop: url.searchParams.has("drop") })
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result))
  }
  return provider.callback()(request, response)
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(error)
    if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" })
    response.end(String(error?.message ?? error))
  })
})
server.listen(Number(env.PORT ?? 0), host, () => {
  issuer ??= `http://${host}:${server.address().port}`
  provider = providerWith(keys)
  console.log(`listening ${issuer}`)
})

createInterface({ input: process.stdin }).on("line", async (line) => {
  if (line.trim() === "rotate") console.log(`rotated ${JSON.stringify(await rotate())}`)
})
process.on("SIGHUP", () => rotate())
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0))
