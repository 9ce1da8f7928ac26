#pragma once

// The folder that the key store is in, locked as long as this object lives, so that of two
// notifyctl that change the store neither loses what the other did.

#include <string>
#include <string_view>

#include "shared/auth/key_store.hpp"
#include "shared/base/result.hpp"

namespace notify::ctl {

class KeyDir {
 public:
  // Waits for the lock. Errors name the folder.
  static Result<KeyDir> lock(const std::string& store);
  ~KeyDir();
  KeyDir(KeyDir&& other) noexcept;
  KeyDir& operator=(KeyDir&&) = delete;

  [[nodiscard]] const std::string& file() const { return file_; }

  // No file, or an empty one (TinyDB's beginning): an empty store.
  [[nodiscard]] Result<KeyStore> load() const;

  // Replaces the file as a whole: whoever reads it sees the old or the new one, also after a loss
  // of power. Owner and mode stay; those of a new file follow the folder: who can read that, can
  // read this.
  Result<void> save(const KeyStore& store) const;

 private:
  KeyDir(int folder, std::string file) : folder_(folder), file_(std::move(file)) {}

  int folder_;
  std::string file_;
};

}  // namespace notify::ctl
