# Selects the JDK for mvnw: the first of JAVA_HOME, the `java` on the PATH, and the newest
# one in the usual places that is a JDK of at least this feature release. Sourced by mvnw; POSIX sh.

jdk_feature_min=25

# Prints the feature release (25 for "25.0.3") of the JDK in the directory $1, or 0 if there is no JDK.
jdk_feature() {
  if [ ! -x "$1/bin/java" ] || [ ! -x "$1/bin/javac" ]; then
    echo 0
    return 0
  fi
  jdk_version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null) || :
  if [ -z "$jdk_version" ]; then
    jdk_version=$("$1/bin/java" -version 2>&1 </dev/null | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || :
  fi
  echo "${jdk_version:-0}"
}

# Prints the home of the `java` on the PATH, or nothing.
jdk_of_path() {
  'command' -v java >/dev/null 2>&1 || return 0
  java -XshowSettings:properties -version 2>&1 </dev/null | sed -n 's/^ *java\.home = //p' | head -n 1
}

# Prints the home of the newest JDK in the usual places, or nothing.
jdk_newest() {
  set +f
  jdk_best='' jdk_best_feature=0
  for jdk_home in /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    jdk_found=$(jdk_feature "$jdk_home")
    if [ "$jdk_found" -gt "$jdk_best_feature" ]; then
      jdk_best=$jdk_home jdk_best_feature=$jdk_found
    fi
  done
  echo "$jdk_best"
}

if [ -z "${JAVA_HOME-}" ] || [ "$(jdk_feature "$JAVA_HOME")" -lt "$jdk_feature_min" ]; then
  JAVA_HOME=$(jdk_of_path)
  if [ "$(jdk_feature "$JAVA_HOME")" -lt "$jdk_feature_min" ]; then
    JAVA_HOME=$(jdk_newest)
  fi
  if [ "$(jdk_feature "$JAVA_HOME")" -lt "$jdk_feature_min" ]; then
    echo "Tallybook needs JDK $jdk_feature_min or newer: install one (for example Eclipse Temurin $jdk_feature_min) and set JAVA_HOME to it." >&2
    exit 1
  fi
fi
export JAVA_HOME

# Maven's own libraries use sun.misc.Unsafe; without this every build starts with a warning about it.
MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS-}"
export MAVEN_OPTS
