package io.tallybook.service;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.restassured.RestAssured;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Dependencies point one way: service, storages, contract. */
class ArchitectureTest {
  private static final String LEDGER = "io.tallybook.ledger..";
  private static final String SERVICE = "io.tallybook.service..";
  private static final String MEMORY = "io.tallybook.ledger.memory..";
  private static final List<String> STORAGES =
      List.of(MEMORY, "io.tallybook.ledger.jpa..", "io.tallybook.ledger.infinispan..");

  /** What the contract and the memory storage may use of the JDK, and what of it they may not. */
  private static final String[] JDK = {"java..", "javax.crypto.."};

  private static final String[] NETWORK_AND_SQL = {"java.net..", "java.sql.."};

  private static final DescribedPredicate<JavaClass> CONTRACT =
      resideInAPackage(LEDGER)
          .and(not(resideInAnyPackage(STORAGES.toArray(String[]::new))))
          .as("the contract");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("io.tallybook");

  @Test
  void everyModuleIsLookedAt() {
    assertThat(CLASSES.stream().map(JavaClass::getPackageName))
        .contains("io.tallybook.ledger", "io.tallybook.ledger.memory")
        .anyMatch(name -> name.startsWith("io.tallybook.service"));
  }

  @Test
  void theContractKnowsOnlyTheJdkAndJspecify() {
    classes()
        .that(CONTRACT)
        .should()
        .onlyDependOnClassesThat(
            CONTRACT.or(resideInAnyPackage(JDK)).or(resideInAPackage("org.jspecify.annotations..")))
        .check(CLASSES);
  }

  @Test
  void theMemoryStorageKnowsOnlyTheContract() {
    classes()
        .that()
        .resideInAPackage(MEMORY)
        .should()
        .onlyDependOnClassesThat(
            CONTRACT
                .or(resideInAPackage(MEMORY))
                .or(resideInAnyPackage(JDK))
                .or(resideInAPackage("org.jspecify.annotations..")))
        .check(CLASSES);
  }

  @Test
  void insideTheContractDependenciesPointFromTheFacadeToTheWords() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage(LEDGER)
        .layer("words")
        .definedBy("io.tallybook.ledger")
        .layer("views")
        .definedBy("io.tallybook.ledger.view")
        .layer("storage")
        .definedBy("io.tallybook.ledger.storage")
        .layer("facade")
        .definedBy("io.tallybook.ledger.facade")
        .layer("storages")
        .definedBy(STORAGES.toArray(String[]::new))
        .whereLayer("words")
        .mayNotAccessAnyLayer()
        .whereLayer("views")
        .mayOnlyAccessLayers("words")
        .whereLayer("storage")
        .mayOnlyAccessLayers("words", "views")
        .whereLayer("facade")
        .mayOnlyAccessLayers("words", "views", "storage")
        .whereLayer("storages")
        .mayOnlyAccessLayers("words", "views", "storage")
        .withOptionalLayers(true)
        .check(CLASSES);
  }

  @Test
  void everyResourceMayWait() {
    classes()
        .that()
        .areAnnotatedWith(Path.class)
        .should()
        .beAnnotatedWith(RunOnVirtualThread.class)
        .check(CLASSES);
  }

  @Test
  void theContractAndTheMemoryStorageKnowNoNetworkAndNoSql() {
    noClasses()
        .that(CONTRACT.or(resideInAPackage(MEMORY)))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(NETWORK_AND_SQL)
        .check(CLASSES);
  }

  @Test
  void noStorageKnowsTheService() {
    noClasses()
        .that()
        .resideInAPackage(LEDGER)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(SERVICE)
        .check(CLASSES);
  }

  @Test
  void onlyTheStorageOnInfinispanKnowsTheGrid() {
    noClasses()
        .that(
            not(resideInAPackage("io.tallybook.ledger.infinispan.."))
                .and(not(name("io.tallybook.service.config.LedgerProducers"))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.infinispan..")
        .check(CLASSES);
  }

  @Test
  void noStorageKnowsAnother() {
    for (String storage : STORAGES) {
      noClasses()
          .that()
          .resideInAPackage(storage)
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(STORAGES.toArray(String[]::new))
                  .and(not(resideInAPackage(storage))))
          .allowEmptyShould(true)
          .check(CLASSES);
    }
  }

  @Test
  void namesInTheLedgerSayWhatThingsAre() {
    noClasses()
        .that()
        .resideInAPackage(LEDGER)
        .should()
        .haveNameMatching(".*[.$](Abstract|Base)[A-Z][^.$]*")
        .orShould()
        .haveNameMatching(".*Impl")
        .orShould()
        .resideInAPackage("..impl..")
        .check(CLASSES);
  }

  @Test
  void everyRequestOfATestIsCheckedAgainstTheDescription() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("io.tallybook.service.api.Http")
        .should()
        .callMethodWhere(
            target(owner(equivalentTo(RestAssured.class))).as("requests are made by Http alone"))
        .check(new ClassFileImporter().importPackages("io.tallybook.service"));
  }
}
