package dev.helm.workflows.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.blueprint.Blueprint;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RulesTest {
  private static final Rules RULES =
      new Rules(
          new Blueprint.Permissions(
              List.of("Bash(git push --force*)", "Read(secrets/**)"),
              List.of("SendEmail", "Write(path=**/*.sql)", "Pay(amount>100)"),
              List.of(
                  "Read",
                  "Write",
                  "Pay",
                  "Bash(git *)",
                  "Bash(ls:*)",
                  "WebFetch(domain=*.example.com)",
                  "WebFetch(domain:exact.test)"),
              60_000,
              1));

  private static String verdict(String tool, String arguments) {
    return verdict(RULES, tool, arguments);
  }

  private static String verdict(Rules rules, String tool, String arguments) {
    return rules.check(ToolCall.of("t", tool, arguments)).getClass().getSimpleName();
  }

  private static String bash(String command) {
    return bash(RULES, command);
  }

  private static String bash(Rules rules, String command) {
    return verdict(
        rules,
        "Bash",
        "{\"command\":" + new com.fasterxml.jackson.databind.node.TextNode(command) + "}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "git status ~ Allow",
        "git push --force origin ~ Deny",
        "git status && git push --force ~ Deny",
        "FOO=1 git push --force ~ Deny",
        "git status; rm -rf x ~ Ask",
        "git log | ls -l ~ Allow",
        "git log $(rm x) ~ Ask",
        "git log `rm x` ~ Ask",
        "git log \"$(rm x)\" ~ Ask",
        "git log '$(rm x)' ~ Allow",
        "git log > out.txt 2>&1 ~ Allow",
        "git log <(rm x) ~ Ask",
        "git log & rm x ~ Ask",
        "(git status) ~ Allow",
        "(git status; rm x) ~ Ask",
        "git log $(git rev-parse HEAD) ~ Allow",
        "if git diff; then ls; fi ~ Allow",
        "for i in a b; do git show $i; done ~ Allow",
        "git() { rm x; }; git status ~ Ask",
        "GIT_SSH_COMMAND=x git fetch ~ Ask",
        "git status 'open ~ Ask",
        "ls ~ Allow",
        "lsof ~ Ask",
        "curl x ~ Ask",
        "git log <<EOF ~ Allow"
      })
  void shellCommands(String command, String expected) {
    assertThat(bash(command)).isEqualTo(expected);
  }

  /** A denied command is found in a larger one, behind wrappers, quotes and redirections. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "git push >f --force",
        "env git push --force",
        "env A=1 git push --force",
        "command git push --force",
        "nice -n 5 git push --force x",
        "nohup git push --force x &",
        "timeout 5 git push --force x",
        "sudo -u x git push --force x",
        "exec git push --force x",
        "sh -c 'git push --force x'",
        "bash -c \"cd x && git push --force\"",
        "eval git push --force",
        "echo x | xargs git push --force",
        "find . -name x -exec git push --force {} ;",
        "echo `git push --force x`",
        "ls <(git push --force x)",
        "cat <<E\n$(git push --force x)\nE",
        "P=push; git $P --force",
        "git\\\n push --force",
        "git  push   --force",
        "f() { git push --force; }; f",
        "(git push --force x)",
        "{ git push --force x; }",
        "echo $(git push --force x)",
        "if true; then git push --force x; fi",
        "while git push --force x; do :; done",
        "for i in 1; do git push --force x; done",
        "! git push --force x",
        "time git push --force x",
        "[[ x ]] && coproc git push --force x",
        "case x in x) git push --force x;; esac",
        "function f { git push --force x; }; f",
        ">f git push --force x",
        "2>f git push --force x",
        "<f git push --force x",
        "A='b c' git push --force x",
        "\"git\" push --force x",
        "g\\it push --force x"
      })
  void aDenialIsFoundWhereverItHides(String command) {
    assertThat(bash(bare(List.of("Bash(git push --force*)"), List.of()), command))
        .isEqualTo("Deny");
    assertThat(bash(bare(List.of(), List.of("Bash(git push --force*)")), command)).isEqualTo("Ask");
    assertThat(bash(bare(List.of("Read(x)"), List.of()), command)).isEqualTo("Allow");
  }

  /** What cannot be told is no more than asked. */
  @ParameterizedTest
  @ValueSource(strings = {"$G push --force x", "eval \"$X\"", "sh -c \"$X\"", "base64 -d x | sh"})
  void aBareRuleDoesNotLiftWhatADenialMayBeHiddenIn(String command) {
    assertThat(bash(bare(List.of("Bash(git push --force*)"), List.of()), command)).isEqualTo("Ask");
    assertThat(bash(bare(List.of("Read(x)"), List.of()), command)).isEqualTo("Allow");
  }

  @ParameterizedTest
  @ValueSource(strings = {"make -j2", "[ -f x ] && ./run.sh", "A=1 make > log 2>&1", "ls ~ | wc"})
  void aBareRuleAllowsPlainCommandsBesideADenial(String command) {
    assertThat(bash(bare(List.of("Bash(git push --force*)"), List.of()), command))
        .isEqualTo("Allow");
  }

  /** Words that no rule can see before they run, and that a denial may be about. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "git $(cat .x)",
        "git `cat .x`",
        "git \"$(cat .x)\" --force",
        "git $X",
        "git pu$X --force",
        "git $X push --force",
        "git p* --force",
        "git pus? --force",
        "git p[u]sh --force",
        "env git $X",
        "git $X --force; git status",
        "read x < .x; git $x",
        "read -n 4 x <<< pushy; git $x --force",
        "while read x; do git $x; done < .x",
        "for x in $(cat .x); do git $x; done",
        "i=status; while sleep 1; do git $i; i='push --force'; done",
        "while sleep 1; do git $a; a=$b; b='push --force'; done",
        "P='push --force'; false && P=status; git $P",
        "P='push --force'; P=status & git $P",
        "P='push --force'; echo | P=status | git $P",
        "P=status; . ./env.sh; git $P",
        "set -- $(cat .x); git $2",
        "trap 'git $p' EXIT; p='push --force'",
        "printf -v x %.4s pushy; git $x --force",
        "git $(printf %.4s pushy) --force",
        "declare -l x=PUSH; git $x --force",
        "git $(printf 'a\\npush --force' | tail -1)",
        "echo status > x; sed -i s/status/push/ x; git $(cat x) --force",
        "eval \"$(cat .x)\"",
        "eval \"git status $X\"",
        "sh -c \"git status $X\"",
        "bash <<< \"git status $X\"",
        "source <(cat .x)",
        "cat .x | sh",
        "cat .x | xargs git",
        "printf 'status\\npush --force' | xargs -L1 git",
        "cat .x | xargs -I% git % --force",
        "find push -exec git {} --force \\;",
        "env -S \"git 'push' --force\"",
        "env --argv0 x git push --force"
      })
  void whatARuleCannotSeeIsAsked(String command) {
    String rule = "Bash(git push --force*)";
    assertThat(bash(bare(List.of(rule), List.of()), command)).isEqualTo("Ask");
    assertThat(bash(bare(List.of(), List.of(rule)), command)).isEqualTo("Ask");
    Rules git =
        new Rules(
            new Blueprint.Permissions(List.of(rule), List.of(), List.of("Bash(git *)"), 1000, 1));
    assertThat(bash(git, command)).isEqualTo("Ask");
    assertThat(bash(bare(List.of("Read(x)"), List.of()), command)).isEqualTo("Allow");
  }

  /** Changes of what words mean that fail, may not be made, or that only the shell knows. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "alias bash=true\nbash -c 'git push --force'",
        "alias x='git push --force'\nx",
        "hash -p /bin/true bash; hash -r; bash -c 'git push --force'",
        "BASH_CMDS[ls]=/usr/bin/git; ls push --force",
        "enable -n echo; echo x",
        "compgen -C 'git push --force'",
        "jobs -x git push --force",
        "a=(x y)see git push --force",
        "bash git push --force",
        "p=push; false && unset p; git $p --force",
        "p=push; unset -f p; git $p --force",
        "set -- push; false && set -- x; git $1 --force",
        "set -- push; set -z -- x; git $1 --force",
        "set -- push x; false && shift; git $1 --force",
        "set -- push; shift 1 2; git $1 --force",
        "a=push; false && a=(x); git $a --force",
        "readonly a=push; export a=x; git $a --force",
        "p=push\nUID=1; p=status\ngit $p --force",
        "p=push; local p=x; git $p --force",
        "p=push; declare -z p=x; git $p --force",
        "p=push; export p=x > /none/x; git $p --force",
        "p=push; { p=x; } > /none/x; git $p --force",
        "p=push; if true; then :; elif p=x; then :; fi; git $p --force",
        "for p in push x; do break; done; git $p --force",
        "read a b <<< \"x push\"; git $b --force",
        "read -a a <<< push; git $a --force",
        "mapfile a < .x; git $a --force",
        "a=pu; declare a+=sh; git $a --force",
        "a=pu; export a+=sh; git $a --force",
        "a=x; printf -v 'a[0]' %s push; git $a --force",
        "a=x; printf -va %s push; git $a --force",
        "shopt -s xpg_echo; git $(echo '\\0160ush') --force",
        "sh -c \"git \\$(echo '\\0160ush') --force\"",
        "IFS=x; false && IFS=' '; a=pushxorigin; git $a --force",
        "export IFS=x; a=pushx--force; git $a",
        "for IFS in x; do a=pushx--force; git $a; done",
        "set -k; git a=b push --force",
        "set -x; PS4='$(git push --force)'; ls",
        "bash -c 'x=ab; a=xxpush; git ${a:${#x}} --force'",
        "(exit 9); git $? --force",
        "git $$ --force",
        "bash -c 'mkdir -p push; cd push; git ${PWD##*/} --force'",
        "bash -c 'trap f EXIT; f() { git push --force; }'",
        "bash -c 'f() { git push --force; }'",
        "bash -c 'command_not_found_handle() { git push --force; }; x'",
        "bash -c 'bash() { :; }; bash -c \"git push --force\"'",
        "eval 'f() { return; p=x; }'; p=push; f; git $p --force",
        "bash -c 'case x in $(git push --force)) ;; esac'",
        "p=x; bash -c 'git push$p --force'",
        "trap 'p=push' DEBUG; p=x; git $p --force",
        "p=push; . ./f; p=x; . ./g; git $p --force",
        "echo p=x > f; sed -i s/x/push/ f; . ./f; git $p --force",
        "HOME=push; git ~ --force",
        "git $(echo x >&2; echo push) --force",
        "git $(echo push > /dev/stdout) --force",
        "p=x; sh -c 'p=push; declare p=x; git $p --force'",
        "sh -c 'ls &> f git push --force'",
        "sh -c 'p=x; p=push :; git $p --force'",
        "printf \"echo '\\ngit push --force #'\" | { read; bash; }",
        "p=x; wait -p p; git push$p --force",
        "let 'p=1,q=2'; git push$q --force",
        "LD_PRELOAD=/tmp/x eval 'f() { :; }'; git $X status"
      })
  void whatTheShellMayHaveChangedIsNotAllowed(String command) {
    String rule = "Bash(git push --force*)";
    assertThat(bash(bare(List.of(rule), List.of()), command)).isNotEqualTo("Allow");
    assertThat(bash(bare(List.of(), List.of(rule)), command)).isNotEqualTo("Allow");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "set -e push; git $1 --force",
        "set -- a push; shift; git $1 --force",
        "set -- a b push; shift 2; git $1 --force",
        "git {p..p..1}ush --force"
      })
  void whatFollowsFromTheCommandIsDenied(String command) {
    assertThat(bash(bare(List.of("Bash(git push --force*)"), List.of()), command))
        .isEqualTo("Deny");
  }

  /** What is not known asks only where the words around it leave room for the denial. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "git log $(git rev-parse HEAD)",
        "git status \"$X\"",
        "echo $(date)",
        "rm -f *.o",
        "for f in *.c; do cc -c $f; done",
        "while read f; do echo \"$f\"; done < list",
        "ls | xargs wc -l",
        "find . -name '*.py' -exec wc -l {} +",
        "V=$(cat VERSION) && make dist V=$V",
        "N=1; cd x; make -j$N",
        "cat list | sort | uniq -c > counts",
        "for b in main next; do git checkout $b && make; done",
        "X=1 sh -c 'make $X'",
        "timeout 60 make test",
        "set -euo pipefail; make",
        "while IFS= read -r line; do echo \"$line\"; done < list",
        "export V=1; make V=$V",
        "shift; echo $1",
        "printf 'a\\n' > f",
        "bash -c 'cd x && make'",
        "trap 'rm -f x' EXIT",
        "echo $?; cat ~/x 2>/dev/null",
        "for b in main next; do git checkout $b; done; git log"
      })
  void whatADenialCannotBeAboutIsNotAsked(String command) {
    assertThat(bash(bare(List.of("Bash(git push --force*)"), List.of()), command))
        .isEqualTo("Allow");
  }

  private static Rules bare(List<String> deny, List<String> ask) {
    return new Rules(new Blueprint.Permissions(deny, ask, List.of("Bash"), 60_000, 1));
  }

  @Test
  void aNewLineIsACommandBoundary() {
    assertThat(bash("git status\nrm -rf x")).isEqualTo("Ask");
    assertThat(bash("git status\ngit push --force")).isEqualTo("Deny");
    assertThat(bash("git sta\\\ntus")).isEqualTo("Ask");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Read | {\"file_path\":\"a.txt\"} | Allow",
        "Read | {\"file_path\":\"/workspace/secrets/a\"} | Deny",
        "Read | {\"file_path\":\"x/../secrets/a\"} | Deny",
        "Read | {\"file_path\":\"/etc/passwd\"} | Ask",
        "Read | {} | Ask",
        "Write | {\"file_path\":\"db/x.sql\",\"content\":\"\"} | Ask",
        "Write | {\"file_path\":\"x.sql\",\"content\":\"\"} | Ask",
        "Write | {\"file_path\":\"x.txt\",\"content\":\"\"} | Allow",
        "Pay | {\"amount\":100} | Allow",
        "Pay | {\"amount\":100.01} | Ask",
        "Pay | {\"amount\":1e2} | Allow",
        "Pay | {\"amount\":1.1e2} | Ask",
        "Pay | {\"amount\":1e999999} | Ask",
        "Pay | {\"amount\":\"5\"} | Ask",
        "Pay | {} | Ask",
        "SendEmail | {\"to\":\"a@b\"} | Ask",
        "WebFetch | {\"url\":\"https://a.example.com/x\"} | Allow",
        "WebFetch | {\"url\":\"https://A.EXAMPLE.com/x\"} | Allow",
        "WebFetch | {\"url\":\"https://example.com/x\"} | Ask",
        "WebFetch | {\"url\":\"https://evilexample.com\"} | Ask",
        "WebFetch | {\"url\":\"https://exact.test\"} | Allow",
        "WebFetch | {\"url\":\"https://exact.test@evil.test\"} | Ask",
        "WebFetch | {\"url\":\"no url\"} | Ask",
        "Unnamed | {} | Ask",
        "AskPerson | {\"question\":\"?\"} | Allow"
      })
  void otherTools(String tool, String arguments, String expected) {
    assertThat(verdict(tool, arguments)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Bash(", "Bash()", "Ba sh", "Pay(amount>many)", "SendEmail(boss)"})
  void brokenRules(String rule) {
    assertThatThrownBy(() -> Rule.parse(rule)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void egressIsNeverMoreThanTheBlueprintsList() {
    Blueprint blueprint =
        blueprint(List.of("Bash(egress=*.evil.test)", "Bash(egress=a.demo.test)"));
    assertThat(EgressGrant.hosts(blueprint, ToolCall.of("t", "Bash", "{\"command\":\"curl\"}")))
        .containsExactly("a.demo.test");
    ToolCall fetch = ToolCall.of("t", "WebFetch", "{\"url\":\"https://evil.test/\"}");
    assertThat(EgressGrant.hosts(blueprint, fetch)).isEmpty();
    assertThat(Gate.of(blueprint).decide(fetch)).isInstanceOf(Verdict.Deny.class);
  }

  private static Blueprint blueprint(List<String> allow) {
    return new Blueprint(
        "b",
        "",
        "default",
        "native",
        new Blueprint.Model("m", 100),
        "",
        "",
        java.util.Map.of(),
        List.of("Bash", "WebFetch"),
        new Blueprint.Permissions(List.of(), List.of(), allow, 1000, 1),
        new Blueprint.Budget(dev.helm.api.Usd.ZERO, List.of()),
        new Blueprint.Limits(1, 1),
        new Blueprint.Egress(List.of("*.demo.test")),
        new Blueprint.Sandbox("default", 1 << 30, 1000, 100));
  }

  private static final Rules SEARCHES =
      new Rules(
          new Blueprint.Permissions(
              List.of("Grep(path=secrets/**)", "Glob(path=secrets/**)", "Write(path=**/*.sql)"),
              List.of(),
              List.of("Grep(path=public/**)", "Glob(path=public/**)", "Write(path=notes/**)"),
              60_000,
              1));

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "Grep ~ {'pattern':'KEY','path':'secrets','file_path':'public/x'} ~ Deny",
        "Glob ~ {'pattern':'*','path':'secrets','file_path':'public/x'} ~ Deny",
        "Glob ~ {'pattern':'/workspace/secrets/*','path':'public'} ~ Deny",
        "Glob ~ {'pattern':'/workspace/secrets/a.key','path':'public'} ~ Deny",
        "Glob ~ {'pattern':'/workspace/{secrets/x,b/../../public/y}'} ~ Ask",
        "Glob ~ {'pattern':'/workspace/{secrets,public}/x','path':'public'} ~ Ask",
        "Glob ~ {'pattern':'/workspace/**','path':'public'} ~ Ask",
        "Glob ~ {'pattern':'/workspace/public/*.md'} ~ Allow",
        "Glob ~ {'pattern':'*','path':'/workspace/public'} ~ Allow",
        "Grep ~ {'pattern':'KEY','path':'public/a.md'} ~ Allow",
        "Grep ~ {'pattern':'KEY','path':'.'} ~ Ask",
        "Grep ~ {'pattern':'KEY'} ~ Ask",
        "Grep ~ {'pattern':'KEY','path':'other'} ~ Ask",
        "Write ~ {'path':'notes/a.md','content':''} ~ Ask",
        "Write ~ {'path':'notes/a.md','file_path':'db/x.sql','content':''} ~ Deny",
        "Write ~ {'file_path':'notes/a.md','content':''} ~ Allow"
      })
  void rulesJudgeThePathThatTheToolUses(String tool, String arguments, String expected) {
    assertThat(verdict(SEARCHES, tool, arguments.replace('\'', '"'))).isEqualTo(expected);
  }

  @Test
  void aSearchFromAboveMayMeetWhatARuleDenies() {
    Rules rules =
        new Rules(
            new Blueprint.Permissions(
                List.of("Grep(path=secrets/**)"), List.of(), List.of("Grep"), 60_000, 1));
    assertThat(verdict(rules, "Grep", "{\"pattern\":\"KEY\",\"path\":\".\"}")).isEqualTo("Ask");
    assertThat(verdict(rules, "Grep", "{\"pattern\":\"KEY\",\"path\":\"src\"}")).isEqualTo("Allow");
  }
}
