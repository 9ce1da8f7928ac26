#pragma once

// Settings of a location (and of the server{} and http{} blocks that it inherits from): what each
// feature owns, side by side. Nothing here knows a feature: its settings are found by their place
// in a list of names. features.cpp, which knows them all, makes and merges them in this order.

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace notify {

struct AcknowledgeConf;
struct AdminConf;
struct AuthConf;
struct BatchPublishConf;
struct BearerConf;
struct ClearConf;
struct ConsumeConf;
struct ConsumersConf;
struct ContentTypeConf;
struct CorsConf;
struct ErrorsConf;
struct FinishConf;
struct HistoryConf;
struct HmacConf;
struct InboxConf;
struct InputConf;
struct KeyConf;
struct LimitConf;
struct MemberConf;
struct MemberTokenConf;
struct MetricsConf;
struct OperationsConf;
struct OriginConf;
struct OwnershipConf;
struct PathConf;
struct PublishConf;
struct ReceiveConf;
struct RemindConf;
struct RequestIdConf;
struct ReturnConf;
struct StatusConf;
struct SubscribeConf;
struct WaitConf;

template <class... Feature>
struct FeatureList {
  static constexpr std::size_t kCount = sizeof...(Feature);

  template <class Wanted>
  static consteval std::size_t place() {
    static_assert((std::is_same_v<Wanted, Feature> + ... + 0) == 1, "not in the list");
    std::size_t place = 0;
    [[maybe_unused]] const bool found =
        ((std::is_same_v<Wanted, Feature> ? true : (++place, false)) || ...);
    return place;
  }
};

// What a request brings and who it is come first: operations are checked against them.
using Features =
    FeatureList<OperationsConf, RequestIdConf, PathConf, OwnershipConf, CorsConf, ContentTypeConf,
                WaitConf, BearerConf, KeyConf, HmacConf, MemberConf, MemberTokenConf, OriginConf,
                AuthConf, InputConf, ErrorsConf, PublishConf, BatchPublishConf, SubscribeConf,
                HistoryConf, InboxConf, AcknowledgeConf, ReceiveConf, ConsumeConf, FinishConf,
                LimitConf, ConsumersConf, StatusConf, ClearConf, RemindConf, AdminConf, ReturnConf,
                MetricsConf>;

struct Template;

// A template of a directive: what it names is checked when the location is complete.
struct WrittenTemplate {
  std::string_view directive;
  const Template* value = nullptr;
  bool inherited = false;
};

class LocConf {
 public:
  template <class Feature>
  Feature& get() {
    return *static_cast<Feature*>(settings_[Features::place<Feature>()].get());
  }
  template <class Feature>
  const Feature& get() const {
    return *static_cast<const Feature*>(settings_[Features::place<Feature>()].get());
  }

  // By features.cpp, once.
  template <class Feature>
  void make() {
    settings_[Features::place<Feature>()] = std::make_shared<Feature>();
  }
  // A directive that is written anew replaces all that was inherited of it.
  void inherit_templates(const LocConf& parent);

  std::vector<WrittenTemplate> templates;  // of all features
  bool guarded = false;                    // it is looked at who asks

 private:
  std::array<std::shared_ptr<void>, Features::kCount> settings_;
};

}  // namespace notify
