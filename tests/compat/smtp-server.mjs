// A mail server (npm `smtp-server`) on loopback that keeps every mail and reads it back with a parser that we did not write.
//
// Environment:
//   PORT (0 picks one), HOST (127.0.0.1)
//   AUTH_USER, AUTH_PASS (both set: mails are taken from this user only)
//   TLS_CERT, TLS_KEY (PEM; both set: STARTTLS is offered, and AUTH only after it), TLS_WRAPPED=1 (TLS from the first byte)
//   NO_SMTPUTF8=1 (does not offer it)
//   REFUSE_RCPT (an answer to every RCPT, such as `550 No such user` or `451 Later`)
//   SLOW=<command>, SLOW_MILLIS (waits so long before it answers RCPT or DATA), SLOW_TIMES (only so often)
//   DROP=<command> (closes the connection at RCPT or DATA)
// Prints `listening <port>` when ready, then a line of JSON for each mail:
//   {"connection", "user", "secure", "commands": [what came over the wire], "from", "to": […], "headers": {…}, "headerLines": […],
//    "subject", "text", "html", "raw"}

import { simpleParser } from "mailparser"
import { SMTPServer } from "smtp-server"

const env = process.env
const host = env.HOST ?? "127.0.0.1"
const tls = Boolean(env.TLS_CERT && env.TLS_KEY)
let slowTimes = Number(env.SLOW_TIMES ?? Infinity)

// What came over the wire, by connection: the parsed envelope is not what was written.
const wire = new Map()
const quiet = () => {}
const logger = Object.fromEntries(["trace", "info", "warn", "error", "fatal"].map((level) => [level, quiet]))
logger.debug = (about, _format, command) => {
  if (about?.tnx === "command") wire.get(about.cid)?.push(String(command))
}
logger.child = () => logger

function refusal(text) {
  const [code, ...words] = text.split(" ")
  return Object.assign(new Error(words.join(" ")), { responseCode: Number(code) })
}

/** Answers a command late, never, or as usual. */
function answer(command, session, server, usual) {
  if (env.DROP === command) {
    for (const connection of server.connections) if (connection.id === session.id) connection.close()
    return
  }
  const late = env.SLOW === command && slowTimes-- > 0
  setTimeout(usual, late ? Number(env.SLOW_MILLIS ?? 1000) : 0)
}

const server = new SMTPServer({
  logger,
  secure: env.TLS_WRAPPED === "1",
  ...(tls ? { cert: env.TLS_CERT, key: env.TLS_KEY } : {}),
  hideSTARTTLS: !tls,
  hideSMTPUTF8: env.NO_SMTPUTF8 === "1",
  authOptional: !env.AUTH_USER,
  allowInsecureAuth: !tls,
  disabledCommands: tls ? [] : ["STARTTLS"],
  lenientAddressParsing: true,
  closeTimeout: 100,
  onConnect(session, done) {
    wire.set(session.id, [])
    done()
  },
  onAuth(auth, _session, done) {
    if (auth.username === env.AUTH_USER && auth.password === env.AUTH_PASS) return done(null, { user: auth.username })
    // Some servers say too much.
    done(Object.assign(new Error(`Wrong password ${auth.password}`), { responseCode: 535 }))
  },
  onRcptTo(address, session, done) {
    answer("RCPT", session, server, () =>
      env.REFUSE_RCPT ? done(refusal(`${env.REFUSE_RCPT} <${address.address}>`)) : done(),
    )
  },
  onData(stream, session, done) {
    const chunks = []
    stream.on("data", (chunk) => chunks.push(chunk))
    stream.on("end", async () => {
      const raw = Buffer.concat(chunks)
      const mail = await simpleParser(raw, { skipTextToHtml: true, skipHtmlToText: true, skipTextLinks: true })
      const report = {
        connection: session.id,
        user: session.user ?? null,
        secure: session.secure,
        commands: wire.get(session.id).splice(0),
        from: session.envelope.mailFrom.address,
        to: session.envelope.rcptTo.map((recipient) => recipient.address),
        headers: Object.fromEntries(mail.headerLines.map(({ key, line }) => [key, line.slice(key.length + 1).trim()])),
        headerLines: mail.headerLines.map(({ key }) => key),
        fromHeader: mail.from?.value,
        toHeader: mail.to?.value,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        raw: raw.toString("latin1"),
      }
      answer("DATA", session, server, () => {
        console.log(JSON.stringify(report))
        done()
      })
    })
  },
})

server.on("error", () => {})
server.listen(Number(env.PORT ?? 0), host, () => console.log(`listening ${server.server.address().port}`))
// Ends with whoever started it.
process.stdin.on("end", () => process.exit(0)).resume()
