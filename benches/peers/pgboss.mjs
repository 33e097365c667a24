// Drains no-op jobs with pg-boss: node pgboss.mjs URL COUNT plain|batched. Prints jobs per second.
//
// Its polling worker rests between polls, so jobs are fetched and completed in loops, as fast as it can.
import PgBoss from "pg-boss";
import pg from "pg";

const [url, count, mode] = process.argv.slice(2);
const total = Number(count);
const batchSize = mode === "batched" ? 100 : 1;
const loops = mode === "batched" ? 4 : 16;

const boss = new PgBoss({ connectionString: url, max: 20, supervise: false, schedule: false });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("noop");
for (let first = 0; first < total; first += 5000) {
  const jobs = Array.from({ length: Math.min(5000, total - first) }, (_, n) => ({ name: "noop", data: { n: first + n } }));
  await boss.insert(jobs);
}
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query("CHECKPOINT");

let done = 0;
async function loop() {
  while (done < total) {
    const jobs = await boss.fetch("noop", { batchSize });
    if (!jobs || jobs.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      continue;
    }
    await boss.complete("noop", jobs.map((job) => job.id));
    done += jobs.length;
  }
}
const began = process.hrtime.bigint();
await Promise.all(Array.from({ length: loops }, loop));
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
const left = await client.query("SELECT count(*)::int AS left FROM pgboss.job WHERE name = 'noop' AND state <> 'completed'");
if (left.rows[0].left !== 0) throw new Error(`${left.rows[0].left} jobs are left`);
console.log((total / seconds).toFixed(1));
await client.end();
await boss.stop({ graceful: false });
process.exit(0);
