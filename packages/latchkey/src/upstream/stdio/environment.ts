const POSIX = new Set(['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TMPDIR']);
const WINDOWS = new Set(
  'APPDATA COMSPEC HOMEDRIVE HOMEPATH LOCALAPPDATA PATH PATHEXT PROCESSOR_ARCHITECTURE PROGRAMFILES SYSTEMDRIVE SYSTEMROOT TEMP TMP USERNAME USERPROFILE'.split(
    ' ',
  ),
);
/** Where certificates of this machine's own authorities are: without them npx finds no registry behind some proxies. */
const AUTHORITIES = new Set(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']);
const PROXY = /^(?:https?|all|no)_proxy$/i;
const XDG = /^XDG_(?:CACHE|CONFIG|DATA|STATE|RUNTIME)_(?:HOME|DIRS?)$/;
const NPM = /^npm_config_/i;
const NPM_SECRET = /auth|token|pass|secret|key|cert|otp|username|email|\/\//i;
const URL_WITH_USER = /:\/\/[^/]*@/;

/**
 * The environment of a child: what any program needs to start and to reach the network (npm's settings and
 * proxies without credentials among it), and what the operator configured. Nothing else of the gateway's own environment, which holds secrets, is inherited.
 */
export function createEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  configured: Readonly<Record<string, string>>,
  platform: string,
): Record<string, string> {
  const passed = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && mayPass(entry[0], entry[1], platform),
  );
  return { ...Object.fromEntries(passed), ...configured };
}

function mayPass(name: string, value: string, platform: string): boolean {
  // An exported shell function would be code in the child's shell.
  if (value.startsWith('()')) return false;
  if (NPM.test(name)) return !NPM_SECRET.test(name) && !URL_WITH_USER.test(value);
  if (PROXY.test(name)) return !value.includes('@');
  if (AUTHORITIES.has(name)) return true;
  if (platform === 'win32') return WINDOWS.has(name.toUpperCase());
  return POSIX.has(name) || name.startsWith('LC_') || XDG.test(name);
}
