"""What the server's own database roles may do: execute functions of schema call,
and nothing else.  Whoever takes over a worker process holds no more than this.
"""
import re
import subprocess

import pytest

from college import AS_USER

ROLES = ["zhibu_member", "zhibu_public"]


class Role:
    """psql as a role of the server, by the service's own user over its socket."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def run(self, text, database="zhibu", role=None):
        return subprocess.run(
            [*AS_USER, "psql", "-h", str(self.server.state / "pgsock"), "-U",
             role or self.name, "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text],
            text=True, capture_output=True, timeout=30,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "5"})

    def refused(self, text, why="permission denied|must be (owner|superuser|member)", **kw):
        r = self.run(text, **kw)
        assert r.returncode != 0, (text, r.stdout)
        assert re.search(why, r.stderr), (text, r.stderr)

    def allowed(self, text):
        r = self.run(text)
        assert r.returncode == 0, (text, r.stderr)
        return r.stdout.strip()


@pytest.fixture(params=ROLES)
def role(server, request):
    return Role(server, request.param)


def test_it_can_connect_at_all(role):
    """Otherwise every refusal below would prove nothing."""
    assert role.allowed("SELECT current_user") == role.name


TABLES = ["data.person", "data.certificate", "data.enrol_code", "data.idem",
          "data.deployment", "audit.event", "rule.permission", "migration.applied",
          "pg_authid", "pg_statistic", "pg_largeobject", "pg_hba_file_rules",
          "pg_file_settings", "pg_user_mapping"]


@pytest.mark.parametrize("table", TABLES)
def test_no_table_is_read(role, table):
    role.refused(f"SELECT * FROM {table}")


@pytest.mark.parametrize("statement", [
    "UPDATE audit.event SET person_id = 'P2'", "DELETE FROM audit.event",
    "TRUNCATE audit.event", "INSERT INTO audit.event (person_id) VALUES ('P1')",
    "ALTER TABLE audit.event DISABLE TRIGGER ALL", "DROP TABLE audit.event",
    "COPY audit.event TO STDOUT", "BEGIN; LOCK TABLE audit.event",
    "SELECT audit.append(NULL, NULL, NULL, NULL, NULL)",
    "SELECT nextval('audit.event_id_seq')", "SELECT last_value FROM audit.event_id_seq",
    "CREATE RULE r AS ON INSERT TO audit.event DO INSTEAD NOTHING",
])
def test_the_trace_is_out_of_reach(role, statement):
    role.refused(statement)


def test_no_relation_of_ours_at_all(role):
    """Every table, view and sequence, whatever was added since."""
    assert role.allowed("""
        SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c
        WHERE c.relnamespace IN (SELECT oid FROM pg_namespace
                WHERE nspname !~ '^(pg_|information_schema)')
            AND CASE c.relkind WHEN 'S' THEN
                has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE')
            WHEN 'r' THEN has_table_privilege(c.oid,
                'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            WHEN 'v' THEN has_table_privilege(c.oid, 'SELECT') END""") == ""


def test_no_schema_but_call(role):
    assert role.allowed("""
        SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace
        WHERE has_schema_privilege(oid, 'USAGE') AND nspname !~ '^pg_'
            AND nspname <> 'information_schema'""") == "call"
    assert role.allowed("SELECT string_agg(nspname, ' ') FROM pg_namespace"
                        " WHERE has_schema_privilege(oid, 'CREATE')") == ""


def test_functions_of_ours_are_wrappers(role):
    """Executable outside pg_catalog: wrappers in call, and each of them runs as
    the owner with a search path nobody can put anything into."""
    assert role.allowed("""
        SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname !~ '^(pg_|information_schema|public)'
            AND has_function_privilege(p.oid, 'EXECUTE')
            AND NOT (n.nspname = 'call' AND p.prosecdef
                AND p.proowner = 'zhibu_owner'::regrole
                AND p.proconfig::text LIKE '%search_path=pg_catalog,%pg_temp%')""") == ""
    assert int(role.allowed(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'call'::regnamespace"
        " AND has_function_privilege(oid, 'EXECUTE')")) > 0


def test_the_two_roles_share_no_function(server):
    member, public = (set(Role(server, name).allowed(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'call'::regnamespace"
        " AND has_function_privilege(oid, 'EXECUTE')").split()) for name in ROLES)
    assert member and public and not member & public
    assert "claim" not in member | public


def test_no_function_belongs_to_a_superuser(server):
    assert server.sql("""
        SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE r.rolsuper AND p.prosecdef
            OR p.prosecdef AND p.proconfig IS NULL""") == []


PROBES = {
    # more than it is
    "set_role_owner": "SET ROLE zhibu_owner",
    "set_role_super": "SET ROLE zhibu_super",
    "set_session": "SET SESSION AUTHORIZATION zhibu_owner",
    "create_role": "CREATE ROLE thief",
    "alter_super": "ALTER ROLE zhibu_member SUPERUSER",
    "grant_itself": "GRANT zhibu_owner TO CURRENT_USER",
    "grant_schema": "GRANT USAGE ON SCHEMA data TO CURRENT_USER",
    "replicate": "SELECT pg_create_physical_replication_slot('x')",
    # something of its own
    "create_table": "CREATE TABLE public.t ()",
    "create_table_in_call": "CREATE TABLE call.t ()",
    "temp_table": "CREATE TEMP TABLE t ()",
    "temp_function": "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "create_schema": "CREATE SCHEMA s",
    "create_database": "CREATE DATABASE d",
    "create_extension": "CREATE EXTENSION dblink SCHEMA public",
    "create_function": "CREATE FUNCTION call.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "replace_wrapper": "ALTER FUNCTION call.claim OWNER TO CURRENT_USER",
    "create_tablespace": "CREATE TABLESPACE t LOCATION '/tmp'",
    "create_server": "CREATE FOREIGN DATA WRAPPER w",
    "event_trigger": "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()",
    "do_block": "DO $$ BEGIN PERFORM 1; END $$",
    # the machine
    "copy_program": "COPY (SELECT 1) TO PROGRAM 'id'",
    "copy_file": "COPY (SELECT 1) TO '/tmp/zhibu-probe'",
    "read_file": "SELECT pg_read_file('postgresql.conf')",
    "read_binary": "SELECT pg_read_binary_file('PG_VERSION')",
    "list_dir": "SELECT pg_ls_dir('.')",
    "ls_logs": "SELECT * FROM pg_ls_logdir()",
    "stat_file": "SELECT pg_stat_file('PG_VERSION')",
    "lo_import": "SELECT lo_import('/etc/passwd')",
    "reload": "SELECT pg_reload_conf()",
    "switch_wal": "SELECT pg_switch_wal()",
    "rotate": "SELECT pg_rotate_logfile()",
    "alter_system": "ALTER SYSTEM SET fsync = off",
    "checkpoint": "CHECKPOINT",
    "load": "LOAD 'dblink'",
    # filling, stopping, holding
    "lo_create": "SELECT lo_create(0)",
    "lo_from_bytea": "SELECT lo_from_bytea(0, 'x')",
    "lo_open": "SELECT lo_open(1, 131072)",
    "advisory_lock": "SELECT pg_advisory_lock(1)",
    "try_advisory_lock": "SELECT pg_try_advisory_lock(1)",
    "advisory_xact_lock": "SELECT pg_advisory_xact_lock_shared(1, 2)",
    "sleep": "SELECT pg_sleep(0)",
    "sleep_until": "SELECT pg_sleep_until(now())",
    "cancel": "SELECT pg_cancel_backend(1)",
    "terminate": "SELECT pg_terminate_backend(1)",
    "snapshot": "SELECT pg_export_snapshot()",
    "notify_function": "SELECT pg_notify('x', '')",
    "emit_message": "SELECT pg_logical_emit_message(false, 'x', 'y')",
    "set_config": "SELECT set_config('work_mem', '1GB', false)",
    "query_to_xml": "SELECT query_to_xml('SELECT 1', true, true, '')",
    "table_to_xml": "SELECT table_to_xml('data.person', true, true, '')",
    "cursor_to_xml": "SELECT cursor_to_xml('c', 1, true, true, '')",
    "database_to_xml": "SELECT database_to_xml(true, true, '')",
    "ts_stat": "SELECT ts_stat('SELECT to_tsvector(name) FROM data.person')",
    # round about: what is called by what is allowed
    "claim": "SELECT call.claim(NULL, '\\x00', '\\x00')",
    "api": "SELECT api.whoami(NULL)",
    "enter": "SELECT auth.enter('whoami', '\\x00', NULL)",
    "move": "SELECT flow.move(NULL, 'person', 'P1', 'x')",
    "setup": "SELECT setup.emergency_code('P1', '\\x00')",
    "prepare_then_read": "PREPARE p AS SELECT * FROM data.person",
    "explain": "EXPLAIN ANALYZE SELECT * FROM data.person",
    "cursor": "BEGIN; DECLARE c CURSOR FOR SELECT * FROM data.person",
}


@pytest.mark.parametrize("probe", PROBES)
def test_probe(role, probe):
    role.refused(PROBES[probe], "permission denied|[Mm]ust (be|have) |is not allowed")


@pytest.mark.parametrize("database", ["postgres", "template0", "template1"])
def test_other_databases_are_shut(role, database):
    """There everybody still has what was taken away in ours: large objects, say."""
    role.refused("SELECT 1", database=database, why="no pg_hba.conf entry|not currently")


def test_only_the_services_own_user_comes_in(server):
    """peer: another user of the machine is refused, whatever name he gives."""
    if not AS_USER:
        pytest.skip("needs root to become somebody else")
    for user in ("nobody", "root"):
        run_as = ["setpriv", f"--reuid={user}", "--clear-groups"]
        for name in (*ROLES, "zhibu_owner", "zhibu_super"):
            r = subprocess.run([*run_as, "psql", "-h", str(server.state / "pgsock"), "-U",
                                name, "-d", "zhibu", "-c", "SELECT 1"],
                               capture_output=True, text=True, timeout=30)
            assert r.returncode != 0, (user, name)
            assert "Permission denied" in r.stderr or "authentication failed" in r.stderr


def test_nothing_listens_on_a_port(server):
    assert server.sql("SELECT '[' || current_setting('listen_addresses') || ']'") == [["[]"]]


def test_its_connections_are_counted(role):
    assert role.allowed("SELECT rolconnlimit > 0 FROM pg_roles"
                        " WHERE rolname = current_user") == "t"


def test_wrappers_still_refuse_without_a_certificate(server):
    """EXECUTE alone is not enough: a worker that was taken over still needs the
    fingerprint of somebody's certificate for every request."""
    role = Role(server, "zhibu_member")
    for fp in ("NULL", "'\\x00'", "decode(repeat('ab', 32), 'hex')"):
        role.refused(f"SELECT call.whoami({fp}, NULL, NULL, NULL, NULL)",
                     "certificate_not_accepted")
