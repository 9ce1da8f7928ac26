// The scripts' texts and checksums, put here by the build (scripts/embed-lua).

#include "shared/redis/schema.hpp"

#include "gen/scripts.hpp"
