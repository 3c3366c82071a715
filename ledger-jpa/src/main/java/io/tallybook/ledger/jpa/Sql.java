package io.tallybook.ledger.jpa;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hibernate.Session;
import org.hibernate.query.NativeQuery;

/** A native query in the making: its text, and its parameters by name. */
final class Sql {
  private final StringBuilder text = new StringBuilder();
  private final Map<String, Object> parameters = new LinkedHashMap<>();

  Sql add(String part) {
    text.append(part);
    return this;
  }

  Sql add(String part, String name, Object value) {
    parameters.put(name, value);
    return add(part);
  }

  /** Adds {@code AND column IN (values)}; nothing where there are no values. */
  Sql in(String column, String name, Collection<?> values) {
    return values.isEmpty()
        ? this
        : add(" AND " + column + " IN (:" + name + ")", name, List.copyOf(values));
  }

  /** The rows as entities. */
  <T> List<T> list(Session session, Class<T> entity) {
    return set(session.createNativeQuery(text.toString(), entity)).getResultList();
  }

  /** The rows by a mapping of several results. */
  List<Object[]> list(Session session, String mapping) {
    return set(session.createNativeQuery(text.toString(), mapping, Object[].class)).getResultList();
  }

  /** The one number that is the result. */
  long number(Session session) {
    return set(session.createNativeQuery(text.toString(), Long.class)).getSingleResult();
  }

  private <T> NativeQuery<T> set(NativeQuery<T> query) {
    parameters.forEach(
        (name, value) -> {
          if (value instanceof Collection<?> values) {
            query.setParameterList(name, values);
          } else {
            query.setParameter(name, value);
          }
        });
    return query.setReadOnly(true);
  }
}
