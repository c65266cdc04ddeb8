import { testCallsUnderWay } from '../acceptance/under-way.ts';

testCallsUnderWay('a server with a door');
