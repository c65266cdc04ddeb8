import { testCallsUnderWay } from './under-way.ts';

testCallsUnderWay('the gateway');
