package io.tallybook.service.api;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.tallybook.service.Api;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.util.List;

/** Which routes the resources of the service take. */
final class Routes {
  private Routes() {}

  /** All of them: method and path. */
  static List<String> all() {
    return new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.tallybook.service")
            .stream()
            .filter(resource -> resource.isAnnotatedWith(Path.class))
            .flatMap(
                resource ->
                    resource.getMethods().stream()
                        .filter(method -> method.isMetaAnnotatedWith(HttpMethod.class))
                        .map(method -> name(resource, method)))
            .toList();
  }

  private static String name(JavaClass resource, JavaMethod method) {
    String verb =
        method.getAnnotations().stream()
            .map(annotation -> annotation.getRawType())
            .filter(type -> type.isAnnotatedWith(HttpMethod.class))
            .map(type -> type.getAnnotationOfType(HttpMethod.class).value())
            .findFirst()
            .orElseThrow();
    String own =
        method.isAnnotatedWith(Path.class) ? method.getAnnotationOfType(Path.class).value() : "";
    String path = Api.ROOT + "/" + resource.getAnnotationOfType(Path.class).value() + "/" + own;
    String clean = path.replaceAll("/+", "/");
    return verb + " " + (clean.endsWith("/") ? clean.substring(0, clean.length() - 1) : clean);
  }
}
