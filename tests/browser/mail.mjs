// A mail server for the tests, by a package that is none of ours. It is told how to behave as JSON on its standard
// input, says its port on its first line, and then each letter on a line of its own; it ends with its standard input.

import { createInterface } from "node:readline";
import { SMTPServer } from "smtp-server";

const lines = createInterface({ input: process.stdin });
const { value: first } = await lines[Symbol.asyncIterator]().next();
const { security, key, cert, user, password } = JSON.parse(first);

const refused = { gone: [550, "5.1.1 nobody of that name"], full: [452, "4.2.2 the mailbox is full"] };

const server = new SMTPServer({
  secure: security === "tls",
  key,
  cert,
  disabledCommands: [security === "starttls" ? [] : ["STARTTLS"], user ? [] : ["AUTH"]].flat(),
  authOptional: !user,
  disableReverseLookup: true,
  onAuth(given, session, done) {
    const right = given.username === user && given.password === password;
    if (right) return done(null, { user });
    const error = new Error("5.7.8 who are you, ada@example.com?");
    error.responseCode = 535;
    done(error);
  },
  onRcptTo({ address }, session, done) {
    const refusal = refused[address.split("@")[0]];
    if (!refusal) return done();
    const [code, text] = refusal;
    done(Object.assign(new Error(`${text}: ${address}`), { responseCode: code }));
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => {
      const { secure, user, envelope } = session;
      const raw = Buffer.concat(parts).toString("base64");
      const to = envelope.rcptTo.map((one) => one.address);
      console.log(JSON.stringify({ secure, user: user ?? null, from: envelope.mailFrom.address, to, raw }));
      done();
    });
  },
});
server.on("error", () => {});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.server.address().port })));
lines.on("close", () => process.exit(0));
