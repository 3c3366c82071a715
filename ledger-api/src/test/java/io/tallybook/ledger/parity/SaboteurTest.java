package io.tallybook.ledger.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedClass;
import static org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder.request;

import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The test of the parity suite: it passes on a plain storage, and on each of many that are wrong on
 * purpose it fails. Each run of the suite ends at its first failure.
 */
final class SaboteurTest {
  private static volatile Book.@Nullable Opener opener;

  /** Binds the suite to the storage of the run. */
  static final class Harmed extends LedgerParity {
    @Override
    protected LedgerStore open(CommitPlanner planner, String currency, long entriesMax) {
      return Objects.requireNonNull(opener).open(planner, currency, entriesMax);
    }
  }

  /** Keeps the failures of a run, and ends it at the first. */
  private static final class Failures implements TestExecutionListener {
    final CancellationToken cancellation = CancellationToken.create();
    final List<String> failed = new ArrayList<>();
    int passed;

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (result.getStatus() == TestExecutionResult.Status.FAILED) {
        failed.add(test.getDisplayName() + ": " + result.getThrowable().orElse(null));
        cancellation.cancel();
      } else if (test.isTest() && result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
        passed++;
      }
    }
  }

  private static Failures run(Class<?> group, Book.Opener storage) {
    opener = storage;
    Failures failures = new Failures();
    DiscoverySelector part =
        group == LedgerParity.class
            ? selectClass(Harmed.class)
            : selectNestedClass(List.of(Harmed.class), group);
    LauncherFactory.create(
            LauncherConfig.builder()
                .enableLauncherSessionListenerAutoRegistration(false)
                .enableTestExecutionListenerAutoRegistration(false)
                .build())
        .execute(
            LauncherExecutionRequestBuilder.request(request().selectors(part).build())
                .listeners(failures)
                .cancellationToken(failures.cancellation)
                .build());
    return failures;
  }

  @Test
  void a_plain_storage_passes() {
    Failures failures = run(LedgerParity.class, SimpleStore::new);
    assertThat(failures.failed).isEmpty();
    assertThat(failures.passed).isGreaterThan(200);
  }

  @ParameterizedTest
  @EnumSource
  void a_storage_that_is_wrong_is_caught(Sabotage sabotage) {
    Failures failures = run(sabotage.group, sabotage.opener);
    System.out.println(
        sabotage
            + " was caught by "
            + failures.failed.stream().map(f -> f.lines().findFirst().orElse("")).toList());
    assertThat(failures.failed).as("%s", sabotage).isNotEmpty();
  }
}
