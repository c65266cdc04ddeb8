import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync('shop.db');
database.exec(readFileSync('shop.sql', 'utf8'));
database.close();
