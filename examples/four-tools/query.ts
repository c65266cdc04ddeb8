import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync('shop.db', { readOnly: true });
try {
  for (const row of database.prepare(process.argv[2] ?? '').all()) console.log(JSON.stringify(row));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
