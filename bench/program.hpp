#pragma once

// What every load generator is as a program: it reads `--name value` pairs, measures by one clock,
// and gives up with a line that says why.

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace notify::bench {

[[noreturn]] inline void give_up(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
  std::exit(2);
}

// Its beginning means nothing.
inline double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// ---- options ------------------------------------------------------------------------------------

struct Option {
  std::string_view name;  // with its dashes
  // What the value is put into; a list takes one more each time.
  std::variant<std::string*, int*, std::size_t*, double*, bool*, std::vector<int>*> place;

  void set(const char* value) const {
    std::visit([value](auto* to) { read(value, *to); }, place);
  }

 private:
  static void read(const char* value, std::string& to) { to = value; }
  static void read(const char* value, int& to) { to = std::atoi(value); }
  static void read(const char* value, std::size_t& to) { to = std::strtoul(value, nullptr, 10); }
  static void read(const char* value, double& to) { to = std::strtod(value, nullptr); }
  static void read(const char* value, bool& to) { to = std::atoi(value) != 0; }
  static void read(const char* value, std::vector<int>& to) { to.push_back(std::atoi(value)); }
};

// Pairs from `first` on.
inline void read_options(int argc, char** argv, int first, std::initializer_list<Option> known) {
  for (int i = first; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const Option* found = nullptr;
    for (const Option& option : known) {
      found = option.name == name ? &option : found;
    }
    if (found == nullptr) {
      give_up("unknown option " + std::string(name));
    }
    found->set(argv[i + 1]);
  }
}

}  // namespace notify::bench
