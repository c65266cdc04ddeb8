import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync('shop.db', { readOnly: true });
for (const row of database.prepare(process.argv[2] ?? '').all()) console.log(JSON.stringify(row));
database.close();
