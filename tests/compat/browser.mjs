// Debian's Chromium, driven by playwright-core.
//
// Environment: AUTHSTILE_CHROMIUM (/usr/bin/chromium), SHOTS (a directory for screenshots; none are written without it), HEADED=1 to watch.

import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { chromium } from "playwright-core"

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

// A browser with a new, empty profile. `context` options are Playwright's: viewport, colorScheme, javaScriptEnabled …
export async function launch(context = {}) {
  const profile = await mkdtemp(join(tmpdir(), "authstile-chromium-"))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.AUTHSTILE_CHROMIUM || "/usr/bin/chromium",
    headless: !process.env.HEADED,
    args: FLAGS,
    viewport: { width: 1280, height: 800 },
    ...context,
  })
  browser.setDefaultTimeout(10_000)
  return {
    context: browser,
    page: browser.pages()[0] ?? (await browser.newPage()),
    async close() {
      await browser.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function shot(page, name) {
  if (!process.env.SHOTS) return
  await mkdir(process.env.SHOTS, { recursive: true })
  await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true })
}

// Everything the browser complains about on a page from now on, as readable lines.
// A document that is itself an error page (403, 500 …) is not a complaint, nor is the browser's own search for a favicon.
export async function complaints(page) {
  const found = []
  await page.exposeFunction("__authstileComplaint", (text) => found.push(text))
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.__authstileComplaint(`Content-Security-Policy: ${event.violatedDirective} blocked ${event.blockedURI || "inline"}`)
    })
  })
  page.on("pageerror", (error) => found.push(`script error: ${error.message}`))
  page.on("console", (message) => {
    if (message.type() !== "error") return
    const { url } = message.location()
    if (url === page.url() || url.endsWith("/favicon.ico")) return
    found.push(`console: ${message.text()} (${url})`)
  })
  return found
}
