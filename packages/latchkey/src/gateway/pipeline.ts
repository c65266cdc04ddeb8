import type { Stage } from './exchange.ts';
import type { GatewayState } from './state.ts';
import { admitStage } from './stages/admit.ts';
import { authorizeStage } from './stages/authorize.ts';
import { checkDefinitionStage } from './stages/check-definition.ts';
import { confirmStage } from './stages/confirm.ts';
import { forwardStage } from './stages/forward.ts';
import { identifyStage } from './stages/identify.ts';
import { limitPeerStage } from './stages/limit-peer.ts';
import { limitPrincipalStage } from './stages/limit-principal.ts';
import { matchParametersStage } from './stages/match-parameters.ts';
import { matchReferencesStage } from './stages/match-references.ts';
import { publishStage } from './stages/publish.ts';
import { readStage } from './stages/read.ts';
import { receiveStage } from './stages/receive.ts';
import { rotateStage } from './stages/rotate.ts';
import { scanStage } from './stages/scan.ts';
import { serveStage } from './stages/serve.ts';
import { sseStage } from './stages/sse.ts';
import { translateStage } from './stages/translate.ts';

/** The way of a request, in order. The first refusal answers; `record.ts` stands around all of it. */
export function createPipeline(state: GatewayState): readonly Stage[] {
  return [
    receiveStage(state),
    admitStage(state),
    limitPeerStage(state),
    publishStage(state),
    serveStage(state),
    identifyStage(state),
    rotateStage(state),
    readStage(state),
    translateStage(state),
    scanStage(state),
    limitPrincipalStage(state),
    sseStage(state),
    authorizeStage(state),
    matchReferencesStage(state),
    checkDefinitionStage(state),
    matchParametersStage(state),
    confirmStage(state),
    forwardStage(state),
  ];
}
