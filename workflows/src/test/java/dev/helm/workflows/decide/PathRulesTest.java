package dev.helm.workflows.decide;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.blueprint.Blueprint;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a path rule says of files holds for every tool that reads or writes them. */
class PathRulesTest {
  private static final List<String> EVERYTHING =
      List.of("Read", "Write", "Edit", "Grep", "Glob", "WebFetch", "WriteRow", "SendEmail");

  private static final Blueprint.Permissions PERMISSIONS =
      new Blueprint.Permissions(
          List.of("Read(secrets/**)", "Write(path=locked/**)", "WebFetch(save_as=web/*.key)"),
          List.of("Edit(path=**/*.sql)", "Read(mail/**)"),
          EVERYTHING,
          60_000,
          1);

  private static String verdict(List<Remembered> remembered, String tool, String arguments) {
    ToolCall call = ToolCall.of("t", tool, arguments.replace('\'', '"'));
    return new Rules(PERMISSIONS, remembered).check(call).getClass().getSimpleName();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        // what is read
        "WriteRow ~ {'file_path':'out.csv','rows_file':'secrets/k'} ~ Deny",
        "WriteRow ~ {'file_path':'out.csv','rows_file':'./a/../secrets/k'} ~ Deny",
        "WriteRow ~ {'file_path':'out.csv','rows_file':'/workspace/secrets/k'} ~ Deny",
        "WriteRow ~ {'file_path':'out.csv','rows_file':'../secrets/k'} ~ Ask",
        "WriteRow ~ {'file_path':'out.csv','rows_file':'rows.jsonl'} ~ Allow",
        "WriteRow ~ {'file_path':'out.csv','rows':[{}]} ~ Allow",
        "SendEmail ~ {'to':'a@b.test','attachments':['a.md','secrets/k']} ~ Deny",
        "SendEmail ~ {'to':'a@b.test','attachments':['a.md',7]} ~ Ask",
        "SendEmail ~ {'to':'a@b.test','attachments':'secrets/k'} ~ Deny",
        "SendEmail ~ {'to':'a@b.test','attachments':['a.md']} ~ Allow",
        "SendEmail ~ {'to':'a@b.test'} ~ Allow",
        "SendEmail ~ {'to':'a@b.test','attachments':['mail/1']} ~ Ask",
        "Edit ~ {'file_path':'secrets/k'} ~ Deny",
        "Write ~ {'file_path':'secrets/k'} ~ Allow",
        "Grep ~ {'pattern':'x','path':'secrets'} ~ Deny",
        "Grep ~ {'pattern':'x','path':'src'} ~ Allow",
        "Grep ~ {'pattern':'x'} ~ Ask",
        "Glob ~ {'pattern':'/workspace/secrets/*'} ~ Deny",
        // what is written
        "WebFetch ~ {'url':'https://a.test','save_as':'locked/a'} ~ Deny",
        "WebFetch ~ {'url':'https://a.test','save_as':'x/../locked/a'} ~ Deny",
        "WebFetch ~ {'url':'https://a.test','save_as':'db/x.sql'} ~ Ask",
        "WebFetch ~ {'url':'https://a.test','save_as':7} ~ Ask",
        "WebFetch ~ {'url':'https://a.test','save_as':'./web/a.key'} ~ Deny",
        "WebFetch ~ {'url':'https://a.test','save_as':'a.html'} ~ Allow",
        "WebFetch ~ {'url':'https://a.test'} ~ Ask",
        "Edit ~ {'file_path':'locked/a'} ~ Deny",
        "WriteRow ~ {'file_path':'locked/a.csv'} ~ Deny",
        "NotebookEdit ~ {'notebook_path':'locked/a.ipynb'} ~ Deny",
        "Write ~ {'file_path':'db/x.sql'} ~ Ask",
        "Read ~ {'file_path':'locked/a'} ~ Allow",
      })
  void everyToolIsSeen(String tool, String arguments, String expected) {
    assertThat(verdict(List.of(), tool, arguments)).isEqualTo(expected);
  }

  @Test
  void whatWasRememberedOfACallSaysNothingOfTheFilesBesideIt() {
    List<Remembered> fetch = List.of(new Remembered("WebFetch", "p1"));
    String page = "{'url':'https://a.test','save_as':'db/x.sql'}";
    assertThat(verdict(fetch, "WebFetch", page)).isEqualTo("Ask");
    List<Remembered> edit = List.of(new Remembered("Edit(path=db/**)", "p2"));
    assertThat(verdict(edit, "Edit", "{'file_path':'db/x.sql'}")).isEqualTo("Allow");
  }

  @Test
  void anAllowRuleOfOneToolAllowsNoOther() {
    Rules rules =
        new Rules(new Blueprint.Permissions(List.of(), List.of(), List.of("Write(**)"), 1000, 1));
    assertThat(rules.check(ToolCall.of("t", "Edit", "{\"file_path\":\"a\"}")))
        .isInstanceOf(Verdict.Ask.class);
  }

  @ParameterizedTest
  @CsvSource({
    "Write, Write, true, true",
    "Write, Write(a/*), true, false",
    "Bash, Bash(ls), true, true",
    "Write(a/*), Edit(a/*), true, true",
    "Read(a/*), Edit(a/*), true, false",
    "Read(a/*), WriteRow(a/*), true, true",
    "Edit(a/*), Read(a/*), false, false",
    "Write(a/*), Edit(b/*), false, false",
  })
  void aRuleBehindAnother(String first, String second, boolean allowed, boolean asked) {
    assertThat(Rule.parse(first).takesAllowed(Rule.parse(second))).isEqualTo(allowed);
    assertThat(Rule.parse(first).takesAll(Rule.parse(second))).isEqualTo(asked);
  }
}
