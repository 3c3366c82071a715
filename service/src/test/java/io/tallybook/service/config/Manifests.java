package io.tallybook.service.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The resources of an overlay, put together as {@code kubectl kustomize} does: those that it names,
 * with the patches that it names on top. Whatever it names must be there, a patch must have what it
 * changes, and every member of the result must be one of its kind.
 */
final class Manifests {
  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Map.of(
          "ConfigMap", ConfigMap.class,
          "Deployment", Deployment.class,
          "Infinispan", GenericKubernetesResource.class,
          "NetworkPolicy", NetworkPolicy.class,
          "PodDisruptionBudget", PodDisruptionBudget.class,
          "Service", Service.class,
          "ServiceMonitor", ServiceMonitor.class);

  /** The members by which items of lists are merged; lists of others are replaced. */
  private static final List<String> MERGE_KEYS = List.of("name", "mountPath", "topologyKey");

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .annotationIntrospector(new NoUnknownMembers())
          .build();

  /** The models would keep unknown members aside. */
  private static final class NoUnknownMembers extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1;

    @Override
    public @Nullable Boolean hasAnySetter(Annotated annotated) {
      return false;
    }
  }

  private final List<ObjectNode> resources = new ArrayList<>();

  private Manifests() {}

  /** What a directory with a {@code kustomization.yaml} amounts to. */
  static Manifests of(Path directory) throws IOException {
    Manifests manifests = new Manifests();
    manifests.add(directory);
    return manifests;
  }

  private void add(Path directory) throws IOException {
    ObjectNode kustomization = read(directory.resolve("kustomization.yaml")).getFirst();
    kustomization
        .fieldNames()
        .forEachRemaining(
            member ->
                assertThat(member)
                    .isIn("apiVersion", "kind", "resources", "components", "patches"));
    for (JsonNode resource : kustomization.path("resources")) {
      Path path = directory.resolve(resource.asText());
      if (path.toFile().isDirectory()) {
        add(path);
      } else {
        resources.addAll(read(path));
      }
    }
    for (JsonNode component : kustomization.path("components")) {
      add(directory.resolve(component.asText()));
    }
    for (JsonNode patch : kustomization.path("patches")) {
      for (ObjectNode change : read(directory.resolve(patch.path("path").asText()))) {
        merge(found(change), change);
      }
    }
  }

  private static List<ObjectNode> read(Path file) throws IOException {
    try (MappingIterator<ObjectNode> documents =
        YAML.readerFor(ObjectNode.class).readValues(file.toFile())) {
      return documents.readAll();
    }
  }

  private ObjectNode found(ObjectNode change) {
    List<ObjectNode> same =
        resources.stream().filter(resource -> id(resource).equals(id(change))).toList();
    assertThat(same).as("what the patch of %s changes", id(change)).hasSize(1);
    return same.getFirst();
  }

  private static String id(JsonNode resource) {
    return resource.path("kind").asText() + " " + resource.at("/metadata/name").asText();
  }

  private static void merge(ObjectNode target, ObjectNode change) {
    change
        .properties()
        .forEach(
            member -> {
              JsonNode old = target.get(member.getKey());
              if (member.getValue().isNull()) {
                target.remove(member.getKey());
              } else if (old instanceof ObjectNode to
                  && member.getValue() instanceof ObjectNode by) {
                merge(to, by);
              } else if (old instanceof ArrayNode to
                  && member.getValue() instanceof ArrayNode by
                  && key(by) != null) {
                merge(to, by, key(by));
              } else {
                target.set(member.getKey(), member.getValue());
              }
            });
  }

  private static void merge(ArrayNode target, ArrayNode change, @Nullable String key) {
    for (JsonNode item : change) {
      JsonNode same = null;
      for (JsonNode old : target) {
        if (old.path(key).equals(item.path(key))) {
          same = old;
        }
      }
      if (same instanceof ObjectNode to && item instanceof ObjectNode by) {
        merge(to, by);
      } else {
        target.add(item);
      }
    }
  }

  private static @Nullable String key(ArrayNode items) {
    return MERGE_KEYS.stream()
        .filter(key -> !items.isEmpty() && items.get(0).has(key))
        .findFirst()
        .orElse(null);
  }

  /** The one resource of a kind whose members are not known here. */
  JsonNode other(String kind) {
    List<ObjectNode> all =
        resources.stream().filter(resource -> resource.path("kind").asText().equals(kind)).toList();
    assertThat(all).as(kind).hasSize(1);
    return all.getFirst();
  }

  /** The resources of a kind. */
  <T extends HasMetadata> List<T> all(Class<T> kind) throws IOException {
    List<T> found = new ArrayList<>();
    for (ObjectNode resource : resources) {
      Class<?> known = KINDS.get(resource.path("kind").asText());
      assertThat(known).as("the kind of %s", id(resource)).isNotNull();
      if (kind.equals(known)) {
        found.add(YAML.treeToValue(resource, kind));
      }
    }
    return found;
  }

  /** The one resource of a kind. */
  <T extends HasMetadata> T one(Class<T> kind) throws IOException {
    List<T> all = all(kind);
    assertThat(all).as(kind.getSimpleName()).hasSize(1);
    return all.getFirst();
  }
}
