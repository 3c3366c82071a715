package io.tallybook.ledger.infinispan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

@SuppressWarnings("MemberName") // sentences
final class OrderedLongsTest {
  @Test
  void bytesAreOrderedAsTheNumbersAreAndComplementsTheOtherWay() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20_000; i++) {
      long a = any(random);
      long b = i % 3 == 0 ? Math.max(0, a + random.nextInt(3) - 1) : any(random);
      int order = Integer.signum(Long.compare(a, b));
      String description = "seed %s, %s and %s".formatted(seed, a, b);
      byte[] ascending = OrderedLongs.ascending(a);
      byte[] descending = OrderedLongs.descending(a);
      assertThat(Integer.signum(Arrays.compareUnsigned(ascending, OrderedLongs.ascending(b))))
          .as(description)
          .isEqualTo(order);
      assertThat(Integer.signum(Arrays.compareUnsigned(descending, OrderedLongs.descending(b))))
          .as(description)
          .isEqualTo(-order);
      byte[] longer = new byte[ascending.length + 7];
      System.arraycopy(ascending, 0, longer, 3, ascending.length);
      assertThat(OrderedLongs.decode(longer, 3)).as(description).isEqualTo(a);
      assertThat(OrderedLongs.width(longer, 3)).as(description).isEqualTo(ascending.length);
      System.arraycopy(descending, 0, longer, 3, descending.length);
      assertThat(OrderedLongs.decode(longer, 3)).as(description).isEqualTo(a);
      assertThat(OrderedLongs.width(longer, 3)).as(description).isEqualTo(descending.length);
    }
  }

  @Test
  void endsOfTheRangeAreAsTheyAreDrawn() {
    assertThat(OrderedLongs.ascending(0)).containsExactly(0);
    assertThat(OrderedLongs.ascending(256)).containsExactly(2, 1, 0);
    assertThat(OrderedLongs.descending(0)).containsExactly(0xff);
    assertThat(OrderedLongs.decode(OrderedLongs.ascending(Long.MAX_VALUE), 0))
        .isEqualTo(Long.MAX_VALUE);
    assertThat(OrderedLongs.decode(OrderedLongs.descending(Long.MAX_VALUE), 0))
        .isEqualTo(Long.MAX_VALUE);
  }

  private static long any(SplittableRandom random) {
    return random.nextLong() >>> (1 + random.nextInt(63));
  }
}
