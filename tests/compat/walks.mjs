// Walks of a person with a browser through a running Authstile. Exit code 0, or 1 and one line that says what went wrong.
//
// Environment:
//   WALK      login | work-email | switch-account | refused | explained | two-tabs | denied | stale-state | provider-down | screens
//   TILE_URL, OTHER_TILE_URL   switch-account only: sign-ins that begin at the identity provider, of two people
//   SAYS      refused and explained only: what the page must say
//   APP_URL   origin of the application
//   DOWN_URL  provider-down only: a POST to it takes the identity provider down
//   SHOTS     directory for screenshots, also of the page on which a walk failed
//
// The application's page has #sign-in, and when signed in #session-email, #session-organization, #session-connection and #sign-out;
// the identity provider's has #user-0, #deny, #email and #submit.

import { complaints, launch, shot } from "./browser.mjs"

const app = (process.env.APP_URL ?? "").replace(/\/$/, "")
const auth = `${app}/api/auth`

function check(holds, message) {
  if (!holds) throw new Error(message)
}

async function visible(page, selector, what) {
  try {
    await page.locator(selector).first().waitFor({ state: "visible" })
  } catch {
    const text = await page.locator("body").innerText().catch(() => "")
    throw new Error(`${what}: no ${selector} on ${page.url()} which says: ${text.replace(/\s+/g, " ").slice(0, 300)}`)
  }
  return (await page.locator(selector).first().innerText()).trim()
}

// From the application's page to the identity provider's.
async function begin(page) {
  await page.goto(`${app}/`)
  await page.click("#sign-in")
  await visible(page, 'button[data-provider="scalekit"]', "sign-in page")
  await page.click('button[data-provider="scalekit"]')
  await visible(page, "#user-0", "identity provider")
}

async function finish(page) {
  await page.click("#user-0")
  await signedIn(page)
}

async function signedIn(page) {
  const email = await visible(page, "#session-email", "application, signed in")
  check(email.includes("@"), `#session-email shows ${JSON.stringify(email)}, which is no address`)
  check(new URL(page.url()).origin === new URL(app).origin, `signed in, but at ${page.url()}`)
  return email
}

async function signedOut(page) {
  await page.goto(`${app}/`)
  await visible(page, "#sign-in", "application, signed out")
  check((await page.locator("#session-email").count()) === 0, "the application still shows an e-mail address")
  const session = await (await page.context().request.get(`${auth}/session`)).text()
  check(session === "null", `/api/auth/session answers ${session} instead of null`)
}

async function signOut(page) {
  await page.click("#sign-out")
  await visible(page, "#sign-out-submit", "sign-out page")
  await page.click("#sign-out-submit")
  await page.waitForURL((url) => !url.pathname.startsWith("/api/auth/signout"))
}

// A page that tells a person what happened: a heading, an alert, and a reference for whoever reads the log.
async function kindFailure(page, what) {
  const alert = await visible(page, '[role="alert"]', what)
  check(alert.length > 10, `${what}: the alert only says ${JSON.stringify(alert)}`)
  const reference = await visible(page, "#reference", what)
  check(/\w{6,}/.test(reference), `${what}: #reference shows ${JSON.stringify(reference)}`)
  check(page.url().startsWith(auth), `${what}: shown at ${page.url()}, not by the application`)
}

const walks = {
  async login({ page }) {
    await begin(page)
    await shot(page, "identity-provider")
    await finish(page)
    await visible(page, "#session-organization", "application, signed in")
    await visible(page, "#session-connection", "application, signed in")
    await page.reload()
    await signedIn(page)
    await signOut(page)
    await signedOut(page)
  },

  async "work-email"({ page }) {
    await page.goto(`${auth}/signin`)
    await page.getByLabel("Work email").fill("ada@acme.example")
    await shot(page, "work-email")
    await page.getByRole("button", { name: "Continue with SSO" }).click()
    await finish(page)
  },

  async "switch-account"({ page }) {
    await page.goto(process.env.TILE_URL)
    await finish(page)
    const ada = await visible(page, "#session-email", "application, signed in")
    await page.goto(process.env.OTHER_TILE_URL)
    await visible(page, "#switch-submit", "the page that asks")
    await shot(page, "switch-account")
    await page.getByRole("link", { name: "Stay signed in" }).click()
    check((await signedIn(page)) === ada, "staying signed in changed who is signed in")
    await page.goto(process.env.OTHER_TILE_URL)
    await page.click("#switch-submit")
    await visible(page, "#user-0", "identity provider")
    await page.click("#user-0")
    check((await signedIn(page)) !== ada, "switching did not change who is signed in")
  },

  async refused({ page }) {
    await begin(page)
    await page.click("#user-0")
    await kindFailure(page, "after a refusal")
    const said = await page.locator("main").innerText()
    check(said.toLowerCase().includes(process.env.SAYS), `the page does not say ${process.env.SAYS}: ${said}`)
    await shot(page, "refused")
    await signedOut(page)
  },

  async explained({ page }) {
    await page.goto(`${auth}/signin`)
    await page.click('button[data-provider="scalekit"]')
    if (await page.locator("#user-0").isVisible().catch(() => false)) await page.click("#user-0")
    await kindFailure(page, "after an error of the provider")
    const said = await page.locator("main").innerText()
    check(said.toLowerCase().includes(process.env.SAYS), `the page does not say ${process.env.SAYS}: ${said}`)
    await shot(page, "explained")
    await signedOut(page)
  },

  async "two-tabs"({ context, page: first }) {
    const second = await context.newPage()
    await begin(first)
    await begin(second)
    await finish(second)
    await finish(first)
    await second.reload()
    await signedIn(second)
  },

  async denied({ page }) {
    await begin(page)
    await page.click("#deny")
    await kindFailure(page, "after a refusal")
    await visible(page, 'button[data-provider="scalekit"]', "after a refusal, a way to try again")
    await shot(page, "denied")
    await signedOut(page)
  },

  async "stale-state"({ context, page }) {
    await begin(page)
    const before = (await context.cookies(app)).filter((cookie) => cookie.name.includes("pending"))
    check(before.length > 0, "no cookie of a pending sign-in was set")
    await context.clearCookies({ name: /pending/ })
    await page.click("#user-0")
    await kindFailure(page, "with a stale state")
    check((await page.locator("h1").count()) === 1, "the error page has no h1")
    await shot(page, "stale-state")
    await signedOut(page)
  },

  async "provider-down"({ page }) {
    check(process.env.DOWN_URL, "DOWN_URL is not set")
    await page.goto(`${auth}/signin`)
    await visible(page, 'button[data-provider="scalekit"]', "sign-in page")
    const answer = await fetch(process.env.DOWN_URL, { method: "POST" })
    check(answer.ok, `POST ${process.env.DOWN_URL} answered ${answer.status}`)
    await page.click('button[data-provider="scalekit"]')
    check(!page.url().startsWith("chrome-error:"), "the browser shows its own error page")
    await kindFailure(page, "with the provider down")
    await shot(page, "provider-down")
    await signedOut(page)
  },

  screens,
}

const PAGES = [
  ["app-signed-out", "/"],
  ["sign-in", "/api/auth/signin"],
  ["sign-in-error", "/api/auth/signin?error=OAuthCallbackError"],
  ["sign-out", "/api/auth/signout"],
  ["error-access-denied", "/api/auth/error?error=AccessDenied"],
  ["error-configuration", "/api/auth/error?error=Configuration"],
  ["error-verification", "/api/auth/error?error=Verification"],
  ["verify-request", "/api/auth/verify-request"],
]

async function screens() {
  const problems = []
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const look = `${colorScheme}-${width}`
      const browser = await launch({ colorScheme, viewport: { width, height: 800 } })
      const { page } = browser
      const said = await complaints(page)
      const examine = async (name) => {
        const where = `${name} (${look})`
        problems.push(...(await faults(page)).map((fault) => `${where}: ${fault}`))
        problems.push(...said.splice(0).map((line) => `${where}: ${line}`))
        await page.evaluate(() => document.activeElement?.blur?.())
        await shot(page, `${name}-${look}`)
      }
      try {
        for (const [name, path] of PAGES) {
          await page.goto(app + path)
          await examine(name)
        }
        await begin(page)
        await examine("identity-provider")
        await finish(page)
        await examine("app-signed-in")
      } finally {
        await browser.close()
      }
    }
  }
  check(problems.length === 0, `\n  ${problems.join("\n  ")}`)
}

// What every page must have, whoever looks at it and however.
async function faults(page) {
  const found = await page.evaluate(() => {
    const found = []
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways (${root.scrollWidth} of ${root.clientWidth} px)`)
    const headings = document.querySelectorAll("h1").length
    if (headings !== 1) found.push(`has ${headings} h1`)
    if (!root.lang) found.push("has no lang")
    if (!document.title.trim()) found.push("has no title")
    if (document.querySelectorAll("main").length !== 1) found.push("has no single main")
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id)
    for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`repeats id ${id}`)
    for (const input of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      const named = input.labels?.length || input.getAttribute("aria-label") || input.getAttribute("aria-labelledby")
      if (!named) found.push(`has an input without a label: ${input.outerHTML.slice(0, 80)}`)
    }
    for (const control of document.querySelectorAll("a[href], button")) {
      const text = control.innerText.trim() || control.getAttribute("aria-label") || control.querySelector("img[alt]")?.alt
      if (!text) found.push(`has a nameless control: ${control.outerHTML.slice(0, 80)}`)
    }
    for (const image of document.querySelectorAll("img:not([alt])")) found.push(`has an img without alt: ${image.src}`)
    return found
  })
  return [...found, ...(await tabOrder(page))]
}

// Tab must visit every control once, in the order of the document, and show where it is.
async function tabOrder(page) {
  const expected = await page.evaluate(() => {
    const controls = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
    const reachable = controls.filter((c) => c.tabIndex >= 0 && !c.disabled && c.checkVisibility({ visibilityProperty: true }))
    reachable.forEach((control, at) => (control.dataset.tabOrder = String(at)))
    document.activeElement?.blur?.()
    getSelection()?.removeAllRanges()
    return reachable.map((control) => (control.innerText || control.name || control.id || control.tagName).trim())
  })
  const found = []
  for (const [at, name] of expected.entries()) {
    await page.keyboard.press("Tab")
    const focus = await page.evaluate(() => {
      const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement)
      return { at: document.activeElement.dataset.tabOrder, shown: outlineStyle !== "none" || boxShadow !== "none" }
    })
    if (focus.at !== String(at)) return [`Tab number ${at + 1} does not reach ${JSON.stringify(name)}`]
    if (!focus.shown) found.push(`focus on ${JSON.stringify(name)} cannot be seen`)
  }
  return found
}

const walk = walks[process.env.WALK]
if (!walk || !app) {
  console.error(`WALK must be one of ${Object.keys(walks).join(", ")}, and APP_URL an origin`)
  process.exit(2)
}
let browser
try {
  browser = walk === screens ? undefined : await launch()
  await walk(browser)
  console.log(`walk ${process.env.WALK}: ok`)
} catch (error) {
  if (browser) await shot(browser.page, `failed-${process.env.WALK}`).catch(() => {})
  console.error(`walk ${process.env.WALK}: ${error.message}`)
  process.exitCode = 1
} finally {
  await browser?.close()
}
