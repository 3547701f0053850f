// Scalekit's own Node SDK against an identity provider on loopback: a whole login, and the verification of a webhook.
//
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ORGANIZATION; the provider must sign in without asking.
// WEBHOOK (optional): {"secret": "whsec_…", "headers": {…}, "body": "…"}
// Prints one line of JSON: {"user": {…}, "accessTokenIsValid": bool, "logoutUrl": "…", "webhook": bool|null}; exit code 1 on failure.

import { ScalekitClient } from "@scalekit-sdk/node"

const env = process.env

function check(holds, message) {
  if (!holds) throw new Error(message)
}

async function codeFrom(authorizationUrl) {
  const answer = await fetch(authorizationUrl, { redirect: "manual" })
  check(answer.status === 302, `the authorization endpoint answered ${answer.status}: ${await answer.text()}`)
  const callback = new URL(answer.headers.get("location"))
  check(callback.href.startsWith(env.REDIRECT_URI), `the browser is sent to ${callback}`)
  check(callback.searchParams.get("state") === "st_1", `state is ${callback.searchParams.get("state")}`)
  const code = callback.searchParams.get("code")
  check(code, `no code: ${callback.searchParams}`)
  return code
}

try {
  const scalekit = new ScalekitClient(env.ISSUER, env.CLIENT_ID, env.CLIENT_SECRET)
  const url = scalekit.getAuthorizationUrl(env.REDIRECT_URI, { organizationId: env.ORGANIZATION, state: "st_1" })
  const login = await scalekit.authenticateWithCode(await codeFrom(url), env.REDIRECT_URI)
  const accessTokenIsValid = await scalekit.validateAccessToken(login.accessToken)
  const logoutUrl = scalekit.getLogoutUrl({ idTokenHint: login.idToken, postLogoutRedirectUri: env.REDIRECT_URI })
  let webhook = null
  if (env.WEBHOOK) {
    const { secret, headers, body } = JSON.parse(env.WEBHOOK)
    webhook = await scalekit.verifyWebhookPayload(secret, headers, body)
  }
  console.log(JSON.stringify({ user: login.user, accessTokenIsValid, logoutUrl, webhook }))
} catch (error) {
  console.error(`scalekit-sdk: ${error?.stack ?? error}`)
  process.exitCode = 1
}
