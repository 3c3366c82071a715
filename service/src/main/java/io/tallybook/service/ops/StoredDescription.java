package io.tallybook.service.ops;

import io.quarkus.smallrye.openapi.runtime.OpenApiConstants;
import io.quarkus.smallrye.openapi.runtime.OpenApiDocumentService;
import io.smallrye.openapi.runtime.io.Format;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Singleton;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * The description of the API as the build has completed and stored it, read whenever it is asked
 * for. The framework would read it at each start and write it anew in two forms, which takes half
 * of the time of a native start and of the memory after it.
 */
@Singleton
@Alternative
@Priority(1)
public class StoredDescription extends OpenApiDocumentService {
  /** Keeps the framework from preparing the description; called before it starts. */
  public static void useAsStored() {
    OpenApiConstants.classLoader = new NothingStored();
  }

  @Override
  public byte[] getDocument(String name, Format format) {
    String resource = OpenApiConstants.BASE_NAME + "." + format;
    try (InputStream stored =
        Thread.currentThread().getContextClassLoader().getResourceAsStream(resource)) {
      if (stored == null) {
        throw new FileNotFoundException(resource);
      }
      return stored.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the framework then looks for the description. */
  private static final class NothingStored extends ClassLoader {
    NothingStored() {
      super(null);
    }

    @Override
    public @Nullable InputStream getResourceAsStream(String name) {
      return null;
    }
  }
}
