/**
 * Whether requests are apart from each other: timers and promises that one of them made end with it, and serve no other. So
 * it is in Cloudflare Workers and Vercel's Edge Runtime.
 */
export const APART = globalThis.navigator?.userAgent === 'Cloudflare-Workers' || 'EdgeRuntime' in globalThis;
