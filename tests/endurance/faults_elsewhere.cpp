#include "tests/endurance/fault_list.h"

namespace bf::test {
namespace {

constexpr std::string_view kBeforeHttp = "before HTTP";
constexpr std::string_view kOfTls = "TLS";
constexpr std::string_view kOfTime = "a clock, not an answer";
constexpr std::string_view kOfProxies = "the way to the exchange";
constexpr std::string_view kOfMachine = "the machine";
constexpr std::string_view kNoFeed = "there is no WebSocket source";

constexpr FaultElsewhere kElsewhere[] = {
    {"A1", "the name does not exist", kBeforeHttp,
     "tests/net/tcp_test.cpp: Tcp.FailsForANameThatDoesNotExist"},
    {"A2", "the name server fails", kBeforeHttp,
     "tests/net/tcp_test.cpp: Tcp.SaysThatTheNameServerFails"},
    {"A3", "the name server is silent", kBeforeHttp,
     "tests/net/tcp_test.cpp: Tcp.AWaitForTheResolverLeavesAtOnceWhenCancelled"},
    {"A4", "the first address is dead", kBeforeHttp,
     "tests/net/tcp_test.cpp: Dial.GoesOnToTheNextAddressAfterARefusalAndAfterSilence"},
    {"A5", "a name that leads into a private network", kBeforeHttp,
     "tests/net/tcp_test.cpp: PrivateAddress.KnowsEachRangeAlsoMappedIntoIpv6"},
    {"A6", "refused", kBeforeHttp,
     "tests/net/tcp_test.cpp: Tcp.SaysThatAConnectionWasRefusedAndByWhom"},
    {"A7", "reset", "real sockets", "tests/net/tcp_test.cpp: Tcp.ReportsAResetAsANetworkError"},
    {"A8", "silent before it connects", kBeforeHttp,
     "tests/net/tcp_test.cpp: Dial.GoesOnToTheNextAddressAfterARefusalAndAfterSilence"},
    {"A9", "accepted, then silent", kBeforeHttp,
     "tests/net/http_client_test.cpp: HttpClient.TimesOutWhereverThePeerStalls"},
    {"A10", "a host name that is too long", kBeforeHttp,
     "tests/net/tcp_test.cpp: Tcp.RefusesHostsThatAreNone"},
    {"B1", "a certificate that is expired, not yet valid, of another host, of nobody", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.RefusesEveryOtherCertificateAndSaysWhy"},
    {"B2", "an unknown root", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.RefusesARootThatNobodyNamedAndTellsHowToNameIt"},
    {"B3", "no host to check", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.RefusesAnEmptyHostBecauseItWouldSwitchTheCheckOff"},
    {"B4", "TLS 1.1 alone", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.RefusesAServerThatKnowsTls11Alone"},
    {"B5", "a weak key", kOfTls, "tests/net/tls_test.cpp: TlsTest.RefusesWeakKeys"},
    {"B6", "cut anywhere", kOfTls, "tests/net/tls_test.cpp: TlsTest.ACutAnywhereIsAnError"},
    {"B7", "silent in the handshake", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.AServerThatSaysNothingTimesOut"},
    {"B8", "HTTP/2 by ALPN", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.RefusesAServerThatChoosesHttp2"},
    {"B9", "plain HTTP on its port", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.SaysSoWhenThePortSpeaksPlainHttp"},
    {"B10", "the end without close_notify", kOfTls,
     "tests/net/tls_test.cpp: TlsTest.ABodyThatEndsWithTheConnectionNeedsCloseNotify"},
    {"B11", "asked to renegotiate in the middle of an answer", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.CarriesOnWithTheOldSessionWhenAskedToRenegotiate"},
    {"B11", "a server that insists on renegotiation", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.FailsWhenTheServerInsistsOnRenegotiation"},
    {"B11", "a flood of KeyUpdates", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.EndsAFloodOfKeyUpdatesInPlaceOfData"},
    {"B11", "a flood of KeyUpdates, a byte of data now and then", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.EndsAFloodOfKeyUpdatesThatAByteNowAndThenShallExcuse"},
    {"B11", "a flood of KeyUpdates, and no answer to them is read", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.TimesOutWhenTheServerReadsNoneOfTheAnswersToItsFlood"},
    {"B11", "a flood of HelloRequests", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.EndsAFloodOfHelloRequests"},
    {"B11", "a flood in the handshake", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.EndsAHandshakeThatIsAFlood"},
    {"B11", "a ticket of another host", kOfTls,
     "tests/net/tls_handshake_fault_test.cpp: "
     "TlsHandshakeFault.ATicketOfOneHostOpensNoOther"},
    {"C1", "cut and reset behind every byte of an answer", "every byte, not one page",
     "tests/endurance/every_byte_test.cpp: EveryByte.ACutLeavesNothingOfThePage"},
    {"C2", "silent behind every byte of an answer", "every byte, not one page",
     "tests/endurance/every_byte_test.cpp: EveryByte.SilenceIsNoticedInTime"},
    {"C10", "a kept connection is closed while a request is on its way",
     "of connections, not pages",
     "tests/net/http_client_test.cpp: "
     "HttpClient.AsksOnceMoreWhenAKeptConnectionTurnsOutToBeClosed"},
    {"E3", "a ban outlives the run", "two runs",
     "tests/backfill/faults_test.cpp: Ban.EndsTheSourceAndIsRememberedByTheNextRun"},
    {"E4", "an exchange that forbids for ten minutes", "behind good answers alone",
     "tests/backfill/bybit_run_test.cpp: "
     "BybitRun.StaysAwayForTenMinutesWhenForbiddenBehindGoodAnswers"},
    {"E8", "another client behind the same address", "a count over many requests",
     "tests/limits/rate_limiter_test.cpp: "
     "RateLimiterTest.AnotherClientBehindTheSameAddressIsRespected"},
    {"G8", "nothing but empty pages", "a whole run",
     "tests/backfill/holes_test.cpp: Holes.AnExchangeThatAnswersWithNothingConfirmsNothing"},
    {"G9", "the last candle is still open", "the newest page alone",
     "tests/backfill/run_test.cpp: Run.UpToNowStopsAtTheLastClosedCandle"},
    {"G10", "a closed candle that is revised", "two runs",
     "tests/backfill/faults_test.cpp: Conflicts.ACandleThatTheExchangeRevisesIsKeptBothWays"},
    {"G18", "a symbol that is delisted", "a whole life",
     "tests/backfill/run_test.cpp: Run.NothingIsWantedOutsideTheInstrumentsLife"},
    {"H1", "our clock is set back", kOfTime,
     "tests/limits/rate_limiter_test.cpp: "
     "RateLimiterTest.AClockSetBackOverATurnDoesNotOpenTheOldWindowAgain"},
    {"H2", "the exchange's clock is another", kOfTime,
     "tests/limits/rate_limiter_test.cpp: "
     "RateLimiterTest.GrantsAgainWhenTheExchangeHasSurelyTurnedTheWindow"},
    {"H3", "a Date that cannot be", kOfTime,
     "tests/limits/rate_limiter_test.cpp: RateLimiterTest.ADateThatCannotBeIsNotBelieved"},
    {"H4", "suspended for a minute", kOfTime,
     "tests/limits/limiter_property_test.cpp: LimiterProperty.AMachineThatSleepsBreaksNoLimit"},
    {"I1", "a proxy that refuses, asks for a password, answers with a page", kOfProxies,
     "tests/net/http_tunnel_test.cpp: HttpTunnel.SaysWhyAProxyRefuses"},
    {"I2", "CONNECT: cut and silent anywhere", kOfProxies,
     "tests/net/http_tunnel_test.cpp: HttpTunnel.NoticesEveryCutAndStall"},
    {"I3", "SOCKS5: refusals", kOfProxies,
     "tests/net/socks5_test.cpp: Socks5.SaysWhyAProxyDoesNotConnect"},
    {"I4", "SOCKS5: cut and silent anywhere", kOfProxies,
     "tests/net/socks5_test.cpp: Socks5.NoticesEveryCutAndStall"},
    {"I5", "a proxy of the environment before this machine", kOfProxies,
     "tests/net/proxy_choice_test.cpp: "
     "ProxyChoice.KeepsTheEnvironmentAwayFromThisMachineAndExplicitOnesNot"},
    {"I6", "a proxy's password in a message", kOfProxies,
     "tests/net/proxy_test.cpp: ParseProxy.RefusesTheRestAndRepeatsNothing"},
    {"J", "frames, fragments, floods, gaps", kNoFeed, ""},
    {"K1", "no descriptors left", kOfMachine,
     "tests/net/tcp_test.cpp: Tcp.SaysThatDescriptorsHaveRunOut"},
    {"K2", "no memory left in a run", kOfMachine,
     "tests/faults/run_allocation_test.cpp: "
     "RunAllocations.AnyThatFailsEndsTheProcessAndLosesNothing"},
    {"K2", "no memory left in a store", kOfMachine,
     "tests/faults/allocation_test.cpp: Allocations.AnyThatFailsInALifeOfAStoreLeavesItWhole"},
    {"K3", "a signal at any time", kOfMachine,
     "tests/backfill/disk_test.cpp: Interrupted.ByASignalAtAnyTime"},
    {"K4", "a kill at any operation", kOfMachine,
     "tests/backfill/disk_test.cpp: Interrupted.ByAKillAtAnyOperation"},
    {"K5", "a full disk", kOfMachine, "tests/backfill/disk_test.cpp: Interrupted.ByAFullDisk"},
};

}  // namespace

std::span<const FaultElsewhere> faults_elsewhere() noexcept { return kElsewhere; }

}  // namespace bf::test
