package io.tallybook.service.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CsvTest {
  @Test
  void cellsAreQuotedWhereTheyMustBe() {
    assertThat(Csv.line("a", "b c", "", "é")).isEqualTo("a,b c,,é\n");
    assertThat(Csv.line("a,b", "say \"x\"", "two\nlines", "cr\rx"))
        .isEqualTo("\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\rx\"\n");
  }

  @Test
  void whatLooksLikeAFormulaBeginsWithAnApostrophe() {
    assertThat(Csv.line("=1", "+1", "-1", "@x", "\tx", "\rx", "a=1"))
        .isEqualTo("'=1,'+1,'-1,'@x,'\tx,\"'\rx\",a=1\n");
  }
}
