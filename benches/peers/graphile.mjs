// Drains no-op jobs with graphile-worker: node graphile.mjs URL COUNT plain|batched. Prints jobs per second.
import pg from "pg";
import { Logger, run, runMigrations } from "graphile-worker";

const [url, count, mode] = process.argv.slice(2);
const total = Number(count);
const pool = new pg.Pool({ connectionString: url, max: 20 });
pool.on("error", (error) => console.error(error));
pool.on("connect", (client) => client.on("error", (error) => console.error(error)));
const logger = new Logger(() => (level, message) => { if (level === "error") console.error(message); });

await runMigrations({ pgPool: pool, logger });
await pool.query(
  `SELECT graphile_worker.add_jobs(array(
     SELECT ('noop', json_build_object('n', n), NULL, NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec
     FROM generate_series(1, $1::int) AS n))`,
  [total],
);
await pool.query("CHECKPOINT");

let done = 0;
let finish;
const finished = new Promise((resolve) => { finish = resolve; });
const taskList = { noop: async () => { if (++done === total) finish(); } };
// As in its own performance test: https://worker.graphile.org/docs/performance
const batched = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const worker = mode === "batched" ? batched : { concurrentJobs: 16 };

const began = process.hrtime.bigint();
const runner = await run({ pgPool: pool, taskList, logger, noHandleSignals: true, preset: { worker } });
await finished;
await runner.stop();
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
const left = await pool.query("SELECT count(*)::int AS left FROM graphile_worker.jobs");
if (left.rows[0].left !== 0) throw new Error(`${left.rows[0].left} jobs are left`);
console.log((total / seconds).toFixed(1));
await pool.end();
