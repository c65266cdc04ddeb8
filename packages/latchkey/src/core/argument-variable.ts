/**
 * The variable in which a script finds the value of a parameter: `user-id` → `GANTZ_ARG_USER_ID`. What no shell takes in
 * a name becomes `_`.
 */
export function argumentVariable(parameter: string): string {
  return `GANTZ_ARG_${parameter.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')}`;
}
