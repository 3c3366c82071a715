package io.tallybook.ledger.jpa;

import io.agroal.api.AgroalDataSource;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import org.flywaydb.core.Flyway;
import org.hibernate.Session;

/**
 * What the storage uses of the framework: made with the application, opened by {@link
 * JpaStore#check} and not before, so that it costs nothing where another storage is chosen.
 */
@Singleton
public final class JpaDatabase {
  private final Instance<AgroalDataSource> pool;
  private final Instance<Session> session;
  private final Instance<Flyway> migrations;
  private final Repositories rows;

  JpaDatabase(
      Instance<AgroalDataSource> pool,
      Instance<Session> session,
      Instance<Flyway> migrations,
      Repositories rows) {
    this.pool = pool;
    this.session = session;
    this.migrations = migrations;
    this.rows = rows;
  }

  AgroalDataSource pool() {
    return pool.get();
  }

  Session session() {
    return session.get();
  }

  Flyway migrations() {
    return migrations.get();
  }

  Repositories rows() {
    return rows;
  }
}
