// What `latchkey check` needs, without the gateway's start-up time.
export { runCheck, type Report } from './check/run-check.ts';
export { GROUPS, type Finding, type Verdict } from './check/probe.ts';
