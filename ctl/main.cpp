// The command line: options, help, and which command is meant. The only file that knows CLI11.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>

#include "ctl/commands.hpp"
#include "ctl/supervise/setting_table.hpp"
#include "shared/base/text.hpp"
#include "shared/base/url_password.hpp"

namespace notify::ctl {
namespace {

constexpr const char* kVersion = "notifyctl 0.1.0";

constexpr const char* kAbout =
    "Runs the nginx notification module and its worker, looks at, feeds and repairs their "
    "streams.\n"
    "`notifyctl COMMAND --help` tells more about a command.";

constexpr const char* kFooter =
    "Secrets (API_TOKEN, JWT_SECRET, REDIS_PASSWORD) come from the environment, else from .env in\n"
    "the current folder, else from RUN_DIR/credentials.env. None may stand on the command line,\n"
    "where every user of the machine can read it: a URL there has no password.\n"
    "Exit status: 0 done, 1 it could not be done, 2 wrong usage (doctor: 1 warnings, 2 failures;\n"
    "status: 3 not all runs).";

// What the command line filled in. `run` is set by the command that was named.
struct Invocation {
  std::string redis_url;
  std::string run_dir;
  PublishOptions publish;
  TailOptions tail;
  SignOptions sign;
  TokenOptions token;
  KeyOptions key;
  DeadOptions dead;
  MigrateOptions migrate;
  DoctorOptions doctor;
  UpOptions up;
  StatusOptions status;
  std::string token_argument;  // refused
  std::function<int(const Settings&)> run;
};

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& about) {
  CLI::App* command = parent.add_subcommand(name, about);
  // --redis-url and --run-dir may also stand behind the command.
  command->fallthrough();
  return command;
}

void add_positional(CLI::App* command, const std::string& name, auto& value,
                    const std::string& about) {
  command->add_option(name, value, about)->required();
}

// CLI11 alone takes -1 for 2^64 - 1. Redis counts with a sign.
std::string check_count(const std::string& text) {
  const auto count = parse_u64(text);
  return count && *count <= std::numeric_limits<std::int64_t>::max()
             ? std::string()
             : '"' + text + "\" is not a number from 0 to 9223372036854775807";
}

void add_publish(CLI::App& app, Invocation& all) {
  auto* command = add_command(app, "publish",
                              "Add one entry to a stream, wake up its subscribers, print its id");
  add_positional(command, "STREAM", all.publish.stream, "The stream's key in Redis");
  add_positional(command, "FIELD=VALUE", all.publish.fields, "The entry's fields, in order");
  command
      ->add_option("--retain", all.publish.retain,
                   "Trim the stream to about N entries (default: never)")
      ->type_name("N")
      ->check(check_count);
  command
      ->add_option("--idempotency-key", all.publish.idempotency_key,
                   "Publish once: a repeat within 24 h only prints the first id again")
      ->type_name("KEY");
  command->footer("Example: notifyctl publish test_stream message='Hello'");
  command->callback([&all] { all.run = [&all](auto& to) { return publish(to, all.publish); }; });
}

void add_tail(CLI::App& app, Invocation& all) {
  auto* command = add_command(app, "tail", "Show entries as they come, until Ctrl-C");
  add_positional(command, "STREAM", all.tail.stream, "The stream's key in Redis");
  auto* from =
      command->add_option("--from", all.tail.from, "Begin after this entry (0: with the first one)")
          ->type_name("ID");
  command->add_option("--last", all.tail.last, "Begin with the N newest entries")
      ->type_name("N")
      ->check(check_count)
      ->excludes(from);
  command->add_flag("--json", all.tail.json, "One JSON object a line instead of text");
  command->footer(
      "Text is `<id>  field=value …`, quoted as a shell reads it. Survives restarts of Redis.\n"
      "Example: notifyctl tail test_stream --last 10");
  command->callback([&all] { all.run = [&all](auto& to) { return tail(to, all.tail); }; });
}

void add_sign(CLI::App& app, Invocation& all) {
  auto* command = add_command(
      app, "sign", "Print the three headers of a signed request; they are good for 60 s");
  command
      ->add_option("--token-file", all.sign.token_file,
                   "A file whose first line is the shared token (default: API_TOKEN)")
      ->type_name("FILE");
  command->add_option("--token", all.token_argument)->group("");
  command->add_flag("--curl", all.sign.curl, "As a configuration for `curl -K -`");
  command->footer(
      "Example: notifyctl sign --curl | curl -K - -X POST \\\n"
      "           'http://localhost:10000/publish/test?message=Hello'");
  command->callback([&all] { all.run = [&all](auto& to) { return sign(to, all.sign); }; });
}

void add_token(CLI::App& app, Invocation& all) {
  auto* command =
      add_command(app, "token", "Mint a JWT (HS256, signed with JWT_SECRET) for development");
  command->add_option("--sub", all.token.subject, "The user's id")->required()->type_name("USER");
  command->add_option("--ttl", all.token.ttl, "How long it is good: 30s, 15m, 1h, 7d; 0: for ever")
      ->type_name("TIME")
      ->capture_default_str();
  command
      ->add_option("--claim", all.token.claims,
                   "A further claim, repeatable; a value that is JSON is taken as JSON")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--curl", all.token.curl, "As a configuration for `curl -K -`");
  command->footer(
      "Example: notifyctl token --sub 123 --curl | curl -K - -N \\\n"
      "           http://localhost:8000/api/v1/external/notify/stream");
  command->callback([&all] { all.run = [&all](auto& to) { return token(to, all.token); }; });
}

void add_key(CLI::App& app, Invocation& all) {
  auto* key = add_command(app, "key", "API keys: create, list, revoke");
  key->require_subcommand(0, 1);
  const auto add_store = [&all](CLI::App* command) {
    command
        ->add_option("--store", all.key.store,
                     "The folder of auth.json (AUTH_STORE_DIR; default RUN_DIR/auth)")
        ->type_name("DIR");
  };

  auto* create = add_command(*key, "create", "Make a key and print it; it is shown only once");
  create->add_option("-u,--username", all.key.user, "Whose key it is")
      ->required()
      ->type_name("NAME");
  add_store(create);
  create->footer(
      "A user may have several keys. nginx takes it at once, without a reload.\n"
      "Example: notifyctl key create -u alice");
  create->callback([&all] { all.run = [&all](auto& to) { return key_create(to, all.key); }; });

  auto* list = add_command(*key, "list", "One line for each key: its id, when it was made, whose");
  list->add_option("-u,--username", all.key.user, "Only the keys of this user")->type_name("NAME");
  list->add_flag("--json", all.key.json, "One JSON object a line instead of text");
  add_store(list);
  list->callback([&all] { all.run = [&all](auto& to) { return key_list(to, all.key); }; });

  auto* revoke = add_command(*key, "revoke", "Take keys away: nginx refuses them within a second");
  revoke->add_option("ID", all.key.ids, "Ids of `key list`");
  revoke->add_option("-u,--username", all.key.user, "All keys of this user")->type_name("NAME");
  add_store(revoke);
  revoke->footer("Streams that were opened with a revoked key end, too, within a second.");
  revoke->callback([&all] { all.run = [&all](auto& to) { return key_revoke(to, all.key); }; });
}

void add_dead(CLI::App& app, Invocation& all) {
  auto* dead = add_command(app, "dead", "Deliveries that were given up: list, show, redrive");
  dead->require_subcommand(0, 1);

  auto* list = add_command(*dead, "list", "One line for each dead letter of a stream");
  add_positional(list, "STREAM", all.dead.stream, "The stream's key in Redis");
  list->add_flag("--count", all.dead.count, "Only how many there are");
  list->add_flag("--json", all.dead.json, "One JSON object a line instead of text");
  list->footer("A line: id of the dead letter, id of the entry, when it was given up, and why.");
  list->callback([&all] { all.run = [&all](auto& to) { return dead_list(to, all.dead); }; });

  auto* show = add_command(*dead, "show", "All of one dead letter");
  add_positional(show, "STREAM", all.dead.stream, "The stream's key in Redis");
  show->add_option("ID", all.dead.ids, "The first id of `dead list`")->required()->expected(1);
  show->add_flag("--json", all.dead.json, "As JSON");
  show->callback([&all] { all.run = [&all](auto& to) { return dead_show(to, all.dead); }; });

  auto* redrive = add_command(*dead, "redrive", "Have dead letters delivered once more");
  add_positional(redrive, "STREAM", all.dead.stream, "The stream's key in Redis");
  auto* ids = redrive->add_option("ID", all.dead.ids, "The first ids of `dead list`");
  auto* every = redrive->add_flag("--all", all.dead.all, "All that there are now");
  every->excludes(ids);
  redrive->footer(
      "Prints for each `<dead id> pending <id>`: the entry itself is due again, for its group\n"
      "only; or `<dead id> added <id>`: it had been trimmed, and is a new entry for all readers.");
  redrive->callback([&all] { all.run = [&all](auto& to) { return dead_redrive(to, all.dead); }; });
}

void add_migrate(CLI::App& app, Invocation& all) {
  auto* command =
      add_command(app, "migrate", "Make or update the catalogue's tables; `make run` does it, too");
  command
      ->add_option("--database-url", all.migrate.database_url,
                   "Where they are (DATABASE_URL; default sqlite:RUN_DIR/catalog.sqlite); without "
                   "a password")
      ->type_name("URL");
  command->add_flag("--status", all.migrate.status,
                    "Only tell; exit status 1 if steps are missing");
  command->footer(
      "A URL is sqlite:/path/of/a/file or postgresql://user:password@host:port/database. With a\n"
      "password it is taken from DATABASE_URL alone. Steps that were applied before are left "
      "alone.");
  command->callback([&all] { all.run = [&all](auto& to) { return migrate(to, all.migrate); }; });
}

void add_doctor(CLI::App& app, Invocation& all) {
  auto* command =
      add_command(app, "doctor",
                  "Check Redis, its settings, the worker and its groups, and what nginx "
                  "opens: a line each");
  command->add_option("STREAM", all.doctor.streams,
                      "Further streams to look at, besides those that a worker has worked on");
  command
      ->add_option(
          "--nginx-conf", all.doctor.nginx_conf,
          "nginx's configuration (default: RUN_DIR/nginx.conf, else /etc/nginx/nginx.conf)")
      ->type_name("FILE");
  command->add_flag("--open", all.doctor.open, "Only say in one line what nginx opens");
  command->footer(
      "Lines begin with ok, warn or FAIL. FAIL: a promise of the product does not hold.\n"
      "Exit status: 0 all ok, 1 warnings, 2 failures. It changes nothing in Redis.");
  command->callback([&all] { all.run = [&all](auto& to) { return doctor(to, all.doctor); }; });
}

void add_up(CLI::App& app, Invocation& all) {
  auto* command = add_command(
      app, "up",
      "Start Redis (unless one listens at REDIS_URL), nginx and the worker, and keep them running");
  command->add_flag("--detach", all.up.detach, "In the background; returns once all answer");
  command->add_flag("--check", all.up.check,
                    "Only check the settings, render RUN_DIR/nginx.conf and have nginx test it");
  command->add_flag("--print", all.up.print, "Only print nginx.conf as it would be rendered");
  command->add_flag("--settings", all.up.settings,
                    "Only print the settings: name, default and meaning, separated by tabs");
  command
      ->add_option("--source", all.up.source,
                   "Where nginx.conf.example and conf/ are (default: the current folder)")
      ->type_name("DIR");
  command->footer(
      "Says `ready` once all answer. SIGTERM or SIGINT ends all in order within 15 s: streams and\n"
      "deliveries are drained, then Redis goes.\n\n" +
      settings_as_help());
  command->callback([&all] { all.run = [&all](auto& to) { return up(to, all.up); }; });
}

void add_down_and_status(CLI::App& app, Invocation& all) {
  auto* end = add_command(app, "down", "End what `notifyctl up` has started from RUN_DIR");
  end->callback([&all] { all.run = [](auto& to) { return down(to); }; });

  auto* tell = add_command(app, "status", "What runs from RUN_DIR; exit status 3 if it is not all");
  tell->add_flag("--json", all.status.json, "As an object of JSON");
  tell->callback([&all] { all.run = [&all](auto& to) { return status(to, all.status); }; });
}

// Empty, or what to do instead of giving a secret on the command line.
std::string instead_of_arguments(const Invocation& all) {
  constexpr const char* kWhy = " can be read by every user of this machine; use ";
  if (!all.token_argument.empty()) {
    return std::string("--token: a secret on the command line") + kWhy +
           "API_TOKEN in the environment, or --token-file FILE";
  }
  if (url_has_password(all.redis_url)) {
    return std::string("--redis-url: a password on the command line") + kWhy +
           "REDIS_URL or REDIS_PASSWORD in the environment";
  }
  if (url_has_password(all.migrate.database_url)) {
    return std::string("--database-url: a password on the command line") + kWhy +
           "DATABASE_URL in the environment";
  }
  return {};
}

int run(int argc, char** argv) {
  Invocation all;
  CLI::App app(kAbout, "notifyctl");
  app.set_version_flag("--version", kVersion);
  app.footer(kFooter);
  // At most one, so that `publish list a=b` publishes to `list`. None: see below.
  app.require_subcommand(0, 1);
  auto* url = app.add_option("--redis-url", all.redis_url,
                             "Where Redis is (REDIS_URL; default redis://127.0.0.1:6379/0)");
  auto* run_dir =
      app.add_option("--run-dir", all.run_dir, "Where credentials.env is (RUN_DIR; default ./run)");
  add_publish(app, all);
  add_tail(app, all);
  add_sign(app, all);
  add_token(app, all);
  add_key(app, all);
  add_dead(app, all);
  add_migrate(app, all);
  add_doctor(app, all);
  add_up(app, all);
  add_down_and_status(app, all);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  if (const std::string instead = instead_of_arguments(all); !instead.empty()) {
    complain(instead);
    return kExitUsage;
  }
  if (!all.run) {
    std::fputs(app.help().c_str(), stderr);
    return kExitUsage;
  }
  const auto given = [](const CLI::Option* option, const std::string& value) {
    return option->count() > 0 ? std::optional(value) : std::nullopt;
  };
  const auto settings = load_settings(given(url, all.redis_url), given(run_dir, all.run_dir));
  if (!settings) {
    complain(settings.error().message);
    return kExitFailed;
  }
  const int status = all.run(*settings);
  if (std::fflush(stdout) != 0 && status == kExitDone) {
    return kExitFailed;
  }
  return status;
}

}  // namespace
}  // namespace notify::ctl

int main(int argc, char** argv) {
  // A Redis or a reader of our output that goes away is an error of one write, not our end.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return notify::ctl::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "notifyctl: %s\n", error.what());
    return notify::ctl::kExitFailed;
  }
}
