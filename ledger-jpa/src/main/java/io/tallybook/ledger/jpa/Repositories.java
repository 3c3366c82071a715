package io.tallybook.ledger.jpa;

import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.inject.Singleton;

/** The repositories of the tables that need nothing but what Panache brings. */
@Singleton
final class Repositories {
  @Singleton
  static class Heads implements PanacheRepositoryBase<HeadRow, Short> {}

  @Singleton
  static class Tenants implements PanacheRepositoryBase<TenantRow, String> {}

  @Singleton
  static class Names implements PanacheRepositoryBase<NameRow, Integer> {}

  @Singleton
  static class Documents implements PanacheRepositoryBase<DocumentRow, DocumentRow.Key> {}

  @Singleton
  static class Identities implements PanacheRepositoryBase<IdentityRow, IdentityRow.Key> {}

  @Singleton
  static class Answers implements PanacheRepositoryBase<IdempotencyRow, IdempotencyRow.Key> {}

  @Singleton
  static class Entries implements PanacheRepositoryBase<EntryRow, EntryRow.Key> {}

  @Singleton
  static class Cells implements PanacheRepositoryBase<CellRow, CellRow.Key> {}

  final Heads heads;
  final Tenants tenants;
  final Names names;
  final Documents documents;
  final Identities identities;
  final Answers answers;
  final Entries entries;
  final Cells cells;

  Repositories(
      Heads heads,
      Tenants tenants,
      Names names,
      Documents documents,
      Identities identities,
      Answers answers,
      Entries entries,
      Cells cells) {
    this.heads = heads;
    this.tenants = tenants;
    this.names = names;
    this.documents = documents;
    this.identities = identities;
    this.answers = answers;
    this.entries = entries;
    this.cells = cells;
  }
}
