const NAMES = new Set(
  'PATH IFS ENV PROMPT_COMMAND BASH_ENV SHELLOPTS BASHOPTS BASH_ALIASES BASH_CMDS functions dis_functions commands path fpath FPATH ZDOTDIR VISUAL BROWSER SHELL LESSOPEN MAKEFILES CLASSPATH NODE_OPTIONS NODE_PATH TAR_OPTIONS RSYNC_RSH VIMINIT EXINIT PSQLRC OPENSSL_CONF GCONV_PATH HOME XDG_CONFIG_HOME KUBECONFIG DOCKER_CONFIG WGETRC LESSKEY LESSKEYIN LESSKEY_CONTENT JAVA_HOME MAVEN_OPTS GRADLE_OPTS GOFLAGS RUSTC_WRAPPER DOTNET_STARTUP_HOOKS'.split(
    ' ',
  ),
);
/** `PS4`, `LD_PRELOAD`, `GIT_SSH_COMMAND`, `PSQL_PAGER`, `SUDO_ASKPASS`, `npm_config_script_shell` and their like. */
const SPELLED =
  /^(?:R?PS\d|PROMPT\d?|\w*aliases|(?:LD|DYLD|GIT)_\w+|(?:PYTHON|PERL5|RUBY)\w+|\w*(?:EDITOR|PAGER|ASKPASS|MAKEFLAGS)|\w*JAVA\w*_OPTIONS|npm_config_\w+|NPM_CONFIG_\w+)$/;

/** Whether a variable of that name decides, by itself or by what programs read in it, which programs run. */
export function decidesPrograms(name: string): boolean {
  return NAMES.has(name) || SPELLED.test(name);
}
