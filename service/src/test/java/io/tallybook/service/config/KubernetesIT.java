package io.tallybook.service.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.quarkus.runtime.configuration.DurationConverter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the build gives to Kubernetes, overlay by overlay. */
class KubernetesIT {
  private static final Path OVERLAYS = Path.of("target", "kubernetes", "overlays");
  private static final int PORT = 8080;
  private static final int GRID_PORT = 11_222;

  /** How long the end may take beside the drain. */
  private static final Duration SPARE = Duration.ofSeconds(10);

  private static final String MEMORY = "memory";
  private static final Pattern SETTING = Pattern.compile("`((?:ledger|quarkus)\\.[a-z0-9.-]+)`");

  static Stream<String> overlays() throws IOException {
    try (Stream<Path> all = Files.list(OVERLAYS)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList().stream();
    }
  }

  private static Manifests manifests(String overlay) throws IOException {
    return Manifests.of(OVERLAYS.resolve(overlay));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void theContainerIsAskedWhereItAnswers(String overlay) throws IOException {
    Manifests manifests = manifests(overlay);
    Container container = container(manifests.one(Deployment.class));
    assertThat(container.getPorts())
        .anySatisfy(port -> assertThat(port.getContainerPort()).isEqualTo(PORT));
    assertProbe(container.getLivenessProbe(), "/q/health/live");
    assertProbe(container.getReadinessProbe(), "/q/health/ready");
    assertProbe(container.getStartupProbe(), "/q/health/started");
    Service service = manifests.one(Service.class);
    assertThat(service.getSpec().getPorts())
        .extracting(ServicePort::getTargetPort)
        .contains(new IntOrString(PORT));
    assertThat(manifests.one(NetworkPolicy.class).getSpec().getIngress().getFirst().getPorts())
        .extracting(port -> port.getPort().getIntVal())
        .containsExactly(PORT);
    assertThat(manifests.one(ServiceMonitor.class).getSpec().getEndpoints())
        .allSatisfy(
            endpoint -> {
              assertThat(endpoint.getPath()).isEqualTo("/metrics");
              assertThat(endpoint.getTargetPort()).isEqualTo(new IntOrString(PORT));
            });
  }

  private static void assertProbe(Probe probe, String path) {
    assertThat(probe.getHttpGet().getPath()).isEqualTo(path);
    assertThat(probe.getHttpGet().getPort()).isEqualTo(new IntOrString(PORT));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void thePodRunsAsNobodyAndWritesNowhere(String overlay) throws IOException {
    Deployment deployment = manifests(overlay).one(Deployment.class);
    PodSpec pod = deployment.getSpec().getTemplate().getSpec();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    Container container = container(deployment);
    assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(container.getImage()).contains("tallybook/tallybook:");
    assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
    assertThat(container.getResources().getLimits()).containsKey("memory");
    container
        .getVolumeMounts()
        .forEach(
            mount ->
                assertThat(pod.getVolumes())
                    .anySatisfy(volume -> assertThat(volume.getName()).isEqualTo(mount.getName())));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void theGracePeriodHoldsTheDrain(String overlay) throws IOException {
    Manifests manifests = manifests(overlay);
    Map<String, String> settings = manifests.one(ConfigMap.class).getData();
    Duration drain =
        seconds(settings, "QUARKUS_SHUTDOWN_DELAY")
            .plus(seconds(settings, "QUARKUS_SHUTDOWN_TIMEOUT"));
    PodSpec pod = manifests.one(Deployment.class).getSpec().getTemplate().getSpec();
    assertThat(Duration.ofSeconds(pod.getTerminationGracePeriodSeconds()))
        .isGreaterThanOrEqualTo(drain.plus(SPARE));
    Probe ready = container(manifests.one(Deployment.class)).getReadinessProbe();
    assertThat(seconds(settings, "QUARKUS_SHUTDOWN_DELAY"))
        .isGreaterThan(
            Duration.ofSeconds((long) ready.getPeriodSeconds() * ready.getFailureThreshold()));
  }

  private static Duration seconds(Map<String, String> settings, String name) {
    return DurationConverter.parseDuration(settings.getOrDefault(name, ""));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void everySettingIsOne(String overlay) throws IOException {
    Manifests manifests = manifests(overlay);
    ConfigMap settings = manifests.one(ConfigMap.class);
    Set<String> known = new TreeSet<>(SettingsCheck.KEYS);
    known.addAll(
        SETTING
            .matcher(Files.readString(Path.of("..", "docs", "operating.md")))
            .results()
            .map(name -> name.group(1))
            .toList());
    assertThat(known.stream().map(KubernetesIT::variable).collect(Collectors.toSet()))
        .containsAll(settings.getData().keySet());
    Deployment deployment = manifests.one(Deployment.class);
    assertThat(container(deployment).getEnv())
        .extracting(EnvVar::getName)
        .containsExactly("KUBERNETES_NAMESPACE");
    assertThat(deployment.getSpec().getTemplate().getSpec().getInitContainers()).isEmpty();
    String storage = overlay.equals(MEMORY) ? "LEDGER_STORAGE" : "QUARKUS_PROFILE";
    assertThat(settings.getData()).containsEntry(storage, overlay);
    assertThat(container(deployment).getEnvFrom())
        .anySatisfy(
            from ->
                assertThat(from.getConfigMapRef())
                    .isNotNull()
                    .satisfies(
                        map ->
                            assertThat(map.getName()).isEqualTo(settings.getMetadata().getName())));
  }

  private static String variable(String setting) {
    return setting.replaceAll("[^a-z0-9]", "_").toUpperCase(Locale.ROOT);
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void nodesAreReplacedAsTheStorageAllows(String overlay) throws IOException {
    Manifests manifests = manifests(overlay);
    Deployment deployment = manifests.one(Deployment.class);
    Map<String, String> labels = deployment.getSpec().getTemplate().getMetadata().getLabels();
    assertThat(labels)
        .containsAllEntriesOf(deployment.getSpec().getSelector().getMatchLabels())
        .containsAllEntriesOf(manifests.one(Service.class).getSpec().getSelector())
        .containsAllEntriesOf(
            manifests.one(NetworkPolicy.class).getSpec().getPodSelector().getMatchLabels());
    String strategy = deployment.getSpec().getStrategy().getType();
    if (overlay.equals(MEMORY)) {
      assertThat(strategy).isEqualTo("Recreate");
      assertThat(deployment.getSpec().getReplicas()).isEqualTo(1);
      assertThat(manifests.all(PodDisruptionBudget.class)).isEmpty();
    } else {
      assertThat(strategy).isEqualTo("RollingUpdate");
      assertThat(deployment.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable())
          .isEqualTo(new IntOrString(0));
      assertThat(deployment.getSpec().getReplicas()).isGreaterThanOrEqualTo(2);
      assertThat(labels)
          .containsAllEntriesOf(
              manifests.one(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels());
    }
  }

  @Test
  void theExampleOfAGridIsTheOneThatIsAsked() throws IOException {
    Manifests example = Manifests.of(OVERLAYS.resolveSibling("grid"));
    String name = example.other("Infinispan").at("/metadata/name").asText();
    Manifests service = manifests("infinispan");
    assertThat(service.one(ConfigMap.class).getData())
        .containsEntry("QUARKUS_INFINISPAN_CLIENT_HOSTS", name + ":" + GRID_PORT);
    assertThat(service.one(NetworkPolicy.class).getSpec().getEgress())
        .anySatisfy(
            egress ->
                assertThat(egress.getPorts())
                    .extracting(port -> port.getPort().getIntVal())
                    .containsExactly(GRID_PORT));
    NetworkPolicy policy = example.one(NetworkPolicy.class);
    assertThat(policy.getSpec().getPodSelector().getMatchLabels())
        .containsEntry("clusterName", name);
    NetworkPolicyIngressRule fromService = policy.getSpec().getIngress().getFirst();
    assertThat(fromService.getPorts())
        .extracting(port -> port.getPort().getIntVal())
        .containsExactly(GRID_PORT);
    assertThat(service.one(Deployment.class).getSpec().getTemplate().getMetadata().getLabels())
        .containsAllEntriesOf(fromService.getFrom().getFirst().getPodSelector().getMatchLabels());
  }

  private static Container container(Deployment deployment) {
    assertThat(deployment.getSpec().getTemplate().getSpec().getContainers()).hasSize(1);
    return deployment.getSpec().getTemplate().getSpec().getContainers().getFirst();
  }
}
