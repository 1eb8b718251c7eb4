// Random operations on real queues (Linux 6.18.44), with the kernel's tree after every twenty.
#include <span>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/mqueue/mq_ops.hpp"
#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

/// Operations and the state after them. "5/9" sends 9 bytes at priority 5, "5/9!EAGAIN" finds the
/// queue full, "r:5/9" receives them, "r:EAGAIN" finds it empty.
struct Stretch {
  const char* operations;
  const char* state;
};

std::string send(MqueueInode& queue, u32 prio, u64 len) {
  const auto outcome = mq_send(queue, message(prio, len), {.task = WaiterId{1}, .nonblock = true});
  return fmt::format("{}/{}{}", prio, len, outcome.end == MqEnd::kFailed ? "!EAGAIN" : "");
}

std::string receive(MqueueInode& queue) {
  const auto outcome = mq_receive(queue, {.task = WaiterId{1}, .nonblock = true});
  return outcome.end == MqEnd::kFailed
             ? "r:EAGAIN"
             : fmt::format("r:{}/{}", outcome.message.prio, outcome.message.text.len());
}

void run(MqueueInode& queue, std::span<const Stretch> stretches) {
  for (const Stretch& stretch : stretches) {
    std::istringstream words(stretch.operations);
    for (std::string word; words >> word;) {
      u32 prio = 0;
      u64 len = 0;
      char slash = 0;
      std::istringstream(word) >> prio >> slash >> len;
      EXPECT_EQ(word.starts_with("r:") ? receive(queue) : send(queue, prio, len), word);
      EXPECT_EQ(broken_invariant(queue), std::nullopt);
    }
    EXPECT_EQ(state_text(queue), stretch.state);
  }
}

TEST(GoldenSequence, G01) {
  MqueueInode queue = new_queue(12, 4200);
  const Stretch stretches[] = {
      {"r:EAGAIN r:EAGAIN 3/7 r:3/7 r:EAGAIN 8/0 5/1 r:8/0 r:5/1 3/4 11/11 r:11/11 1/2 11/4 "
       "9/4048 4/10 r:11/4 r:9/4048 9/11 r:9/11",
       "max=12 msgsize=4200 cur=3 qsize=16 rightmost=4 cache=1 tree=(3B:4 (1B:2 . .) (4B:10 . .))"},
      {"r:4/10 2/6 r:3/4 r:2/6 3/10 1/1 r:3/10 10/4 r:10/4 5/7 4/2 7/3 r:7/3 r:5/7 r:4/2 9/4 1/10 "
       "8/0 8/7 r:9/4",
       "max=12 msgsize=4200 cur=5 qsize=20 rightmost=8 cache=1 tree=(8B:0,7 (1R:2,1,10 . .) .)"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G02) {
  MqueueInode queue = new_queue(20, 4200);
  const Stretch stretches[] = {
      {"50/4 5/9 26/9 56/4 47/4 28/10 59/2 28/2 42/7 r:59/2 7/8 13/8 40/0 62/5 11/0 34/1 57/5 "
       "0/4059 54/8 10/2",
       "max=20 msgsize=4200 cur=18 qsize=4145 rightmost=62 cache=0 tree=(42B:7 (26B:9 (7R:8 (5B:9 "
       "(0R:4059+1 . .) .) (11B:0 (10R:2 . .) (13R:8 . .))) (34B:1 (28R:10,2 . .) (40R:0 . .))) "
       "(50B:4 (47B:4 . .) (57R:5 (56B:4 (54R:8 . .) .) (62B:5 . .))))"},
      {"r:62/5 46/9 26/7 53/4040 25/1!EAGAIN 25/5!EAGAIN r:57/5 11/9 55/2!EAGAIN 25/6!EAGAIN "
       "53/5!EAGAIN 11/6!EAGAIN 50/4!EAGAIN 10/9!EAGAIN 38/10!EAGAIN 52/3!EAGAIN 22/11!EAGAIN "
       "r:56/4 56/1 2/10!EAGAIN",
       "max=20 msgsize=4200 cur=20 qsize=8197 rightmost=56 cache=1 tree=(42B:7 (26B:9,7 (7R:8 "
       "(5B:9 (0R:4059+1 . .) .) (11B:0,9 (10R:2 . .) (13R:8 . .))) (34B:1 (28R:10,2 . .) (40R:0 "
       ". .))) (50B:4 (47B:4 (46R:9 . .) .) (54B:8 (53R:4040 . .) (56R:1 . .))))"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G03) {
  MqueueInode queue = new_queue(30, 4200);
  const Stretch stretches[] = {
      {"r:EAGAIN r:EAGAIN r:EAGAIN 56/8 19/10 38/11 0/8 r:56/8 r:38/11 26/9 62/11 21/6 r:62/11 "
       "59/1 40/4054 3/1 10/6 44/7 r:59/1 51/0",
       "max=30 msgsize=4200 cur=9 qsize=4101 rightmost=51 cache=0 tree=(19B:10 (3B:1 (0R:8 . .) "
       "(10R:6 . .)) (26R:9 (21B:6 . .) (44B:7 (40R:4054+1 . .) (51R:0 . .))))"},
      {"r:51/0 r:44/7 r:40/4054 42/3 1/5 41/6 0/2 5/2 46/6 5/4044 r:46/6 53/1 21/0 11/9 58/7 45/8 "
       "61/8 42/4046 3/2 r:61/8",
       "max=30 msgsize=4200 cur=19 qsize=8175 rightmost=58 cache=1 tree=(19B:10 (3B:1,2 (0B:8,2 . "
       "(1R:5 . .)) (10B:6 (5R:2,4044 . .) (11R:9 . .))) (42B:3,4046 (26R:9 (21B:6,0 . .) (41B:6 "
       ". .)) (53R:1 (45B:8 . .) (58B:7 . .))))"},
      {"r:58/7 r:53/1 34/11 48/2 r:48/2 33/6 r:45/8 42/11 30/7 37/6 r:42/3 19/1 7/8 49/7 r:49/7 "
       "r:42/4046 50/8 55/1 40/2 40/8",
       "max=30 msgsize=4200 cur=25 qsize=4179 rightmost=55 cache=1 tree=(19B:10,1 (3B:1,2 (0B:8,2 "
       ". (1R:5 . .)) (10R:6 (5B:2,4044 . (7R:8 . .)) (11B:9 . .))) (34B:11 (26R:9 (21B:6,0 . .) "
       "(33B:6 (30R:7 . .) .)) (41R:6 (37B:6 . (40R:2,8 . .)) (50B:8 (42R:11 . .) (55R:1 . .)))))"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G04) {
  MqueueInode queue = new_queue(40, 4200);
  const Stretch stretches[] = {
      {"151/6 r:151/6 0/3 r:0/3 40/6 r:40/6 r:EAGAIN 105/4049 198/4 164/11 198/4 r:198/4 43/7 "
       "186/11 r:198/4 127/3 r:186/11 19/9 r:164/11 150/4",
       "max=40 msgsize=4200 cur=5 qsize=4072 rightmost=150 cache=0 tree=(105B:4049+1 (43B:7 "
       "(19R:9 . .) .) (127B:3 . (150R:4 . .)))"},
      {"8/3 171/5 r:171/5 110/9 105/3 r:150/4 r:127/3 17/8 46/4 154/11 119/4 r:154/11 r:119/4 "
       "108/11 r:110/9 r:108/11 19/1 r:105/4049 124/3 53/1",
       "max=40 msgsize=4200 cur=9 qsize=39 rightmost=124 cache=0 tree=(19B:9,1 (8B:3 . (17R:8 . "
       ".)) (46R:4 (43B:7 . .) (105B:3 (53R:1 . .) (124R:3 . .))))"},
      {"160/8 r:160/8 r:124/3 142/5 r:142/5 143/8 r:143/8 71/6 123/0 112/3 4/2 114/6 74/5 101/8 "
       "19/10 r:123/0 110/8 r:114/6 91/7 64/5",
       "max=40 msgsize=4200 cur=17 qsize=90 rightmost=112 cache=0 tree=(46B:4 (19B:9,1,10 (8B:3 "
       "(4R:2 . .) (17R:8 . .)) (43B:7 . .)) (101B:8 (71R:6 (53B:1 . (64R:5 . .)) (74B:5 . (91R:7 "
       ". .))) (110R:8 (105B:3 . .) (112B:3 . .))))"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G05) {
  MqueueInode queue = new_queue(60, 4200);
  const Stretch stretches[] = {
      {"r:EAGAIN r:EAGAIN r:EAGAIN r:EAGAIN r:EAGAIN r:EAGAIN r:EAGAIN 7595/4 r:7595/4 r:EAGAIN "
       "16451/8 25461/4041 r:25461/4041 r:16451/8 r:EAGAIN r:EAGAIN r:EAGAIN 17666/0 r:17666/0 "
       "1075/7",
       "max=60 msgsize=4200 cur=1 qsize=7 rightmost=1075 cache=0 tree=(1075B:7 . .)"},
      {"r:1075/7 27846/4 10657/7 r:27846/4 r:10657/7 26176/6 20494/3 r:26176/6 22761/5 r:22761/5 "
       "r:20494/3 r:EAGAIN r:EAGAIN r:EAGAIN 2062/9 30082/10 1785/5 r:30082/10 r:2062/9 r:1785/5",
       "max=60 msgsize=4200 cur=0 qsize=0 rightmost=-1 cache=1 tree=."},
      {"r:EAGAIN 30711/9 15593/0 r:30711/9 16336/4 r:16336/4 2751/5 13410/0 2610/1 r:15593/0 "
       "31130/1 9795/11 r:31130/1 r:13410/0 18289/11 r:18289/11 20103/4 18983/4 7010/1 821/7",
       "max=60 msgsize=4200 cur=7 qsize=33 rightmost=20103 cache=0 tree=(2751B:5 (2610B:1 (821R:7 "
       ". .) .) (18983R:4 (9795B:11 (7010R:1 . .) .) (20103B:4 . .)))"},
      {"29411/6 30894/3 22592/3 r:30894/3 6228/9 6124/6 20866/4049 32635/7 2101/0 11467/8 22733/6 "
       "r:32635/7 30057/9 1915/8 27028/6 29836/8 15303/10 5015/2 14078/11 r:30057/9",
       "max=60 msgsize=4200 cur=21 qsize=4165 rightmost=29836 cache=1 tree=(18983B:4 (2751R:5 "
       "(2101B:0 (821B:7 . (1915R:8 . .)) (2610B:1 . .)) (7010B:1 (6124B:6 (5015R:2 . .) (6228R:9 "
       ". .)) (11467R:8 (9795B:11 . .) (15303B:10 (14078R:11 . .) .)))) (22592B:3 (20103B:4 . "
       "(20866R:4049+1 . .)) (29411R:6 (22733B:6 . (27028R:6 . .)) (29836B:8 . .))))"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G06) {
  MqueueInode queue = new_queue(16, 4200);
  const Stretch stretches[] = {
      {"1/4 7/11 r:7/11 r:1/4 7/3 5/4 r:7/3 r:5/4 5/2 4/4 4/4 4/4 3/8 r:5/2 r:4/4 0/5 2/10 5/7 "
       "r:5/7 r:4/4",
       "max=16 msgsize=4200 cur=4 qsize=27 rightmost=4 cache=1 tree=(3B:8 (0B:5 . (2R:10 . .)) "
       "(4B:4 . .))"},
      {"3/4 0/5 5/2 6/5 r:6/5 1/5 7/8 r:7/8 0/8 r:5/2 4/9 5/4 r:5/4 3/2 7/0 5/11 2/6 3/1 2/6 1/1",
       "max=16 msgsize=4200 cur=16 qsize=85 rightmost=7 cache=1 tree=(3B:8,4,2,1 (1B:5,1 "
       "(0R:5,5,8 . .) (2R:10,6,6 . .)) (5B:11 (4R:4,9 . .) (7R:0 . .)))"},
      {"6/2!EAGAIN 0/5!EAGAIN 5/8!EAGAIN 3/0!EAGAIN 2/4053!EAGAIN r:7/0 2/8 3/7!EAGAIN "
       "1/10!EAGAIN 7/10!EAGAIN r:5/11 7/1 r:7/1 r:4/4 r:4/9 r:3/8 1/5 6/6 0/4 4/2",
       "max=16 msgsize=4200 cur=16 qsize=78 rightmost=6 cache=0 tree=(1B:5,1,5 (0B:5,5,8,4 . .) "
       "(3R:4,2,1 (2B:10,6,6,8 . .) (6B:6 (4R:2 . .) .)))"},
      {"r:6/6 r:4/2 r:3/4 r:3/2 2/7 r:3/1 7/8 r:7/8 3/9 3/3 r:3/9 r:3/3 4/10 r:4/10 r:2/10 r:2/6 "
       "7/10 r:7/10 7/6 r:7/6",
       "max=16 msgsize=4200 cur=10 qsize=54 rightmost=2 cache=1 tree=(1B:5,1,5 (0B:5,5,8,4 . .) "
       "(2B:6,8,7 . .))"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G07) {
  MqueueInode queue = new_queue(30, 4200);
  const Stretch stretches[] = {
      {"29/11 r:29/11 21/5 15/11 r:21/5 r:15/11 27/6 11/9 r:27/6 28/10 r:28/10 r:11/9 16/0 r:16/0 "
       "r:EAGAIN r:EAGAIN r:EAGAIN 21/11 17/4 r:21/11",
       "max=30 msgsize=4200 cur=1 qsize=4 rightmost=17 cache=1 tree=(17B:4 . .)"},
      {"r:17/4 r:EAGAIN r:EAGAIN 5/7 r:5/7 24/4042 r:24/4042 r:EAGAIN r:EAGAIN 15/9 25/4046 "
       "r:25/4046 16/10 21/7 5/7 20/7 r:21/7 9/2 r:20/7 r:16/10",
       "max=30 msgsize=4200 cur=3 qsize=18 rightmost=15 cache=1 tree=(9B:2 (5B:7 . .) (15B:9 . "
       ".))"},
      {"18/7 r:18/7 r:15/9 5/3 r:9/2 21/3 20/7 14/7 r:21/3 r:20/7 13/10 r:14/7 r:13/10 20/5 20/11 "
       "19/11 26/0 7/1 r:26/0 r:20/5",
       "max=30 msgsize=4200 cur=5 qsize=33 rightmost=20 cache=1 tree=(19B:11 (5B:7,3 . (7R:1 . "
       ".)) (20B:11 . .))"},
  };
  run(queue, stretches);
}

TEST(GoldenSequence, G08) {
  MqueueInode queue = new_queue(40, 4200);
  const Stretch stretches[] = {
      {"15/7 r:15/7 r:EAGAIN 12/9 2/2 10/6 r:12/9 15/11 31/7 0/4 12/4 12/11 29/3 29/2 0/8 15/0 "
       "27/9 17/10 r:31/7 30/11",
       "max=40 msgsize=4200 cur=13 qsize=81 rightmost=30 cache=0 tree=(15B:11,0 (10R:6 (2B:2 "
       "(0R:4,8 . .) .) (12B:4,11 . .)) (27R:9 (17B:10 . .) (29B:3,2 . (30R:11 . .))))"},
      {"r:30/11 12/2 13/10 r:29/3 r:29/2 34/3 27/5 22/2 17/1 27/8 18/7 r:34/3 39/5 8/10 4/2 19/8 "
       "7/6 15/10 29/0 31/1",
       "max=40 msgsize=4200 cur=25 qsize=142 rightmost=39 cache=0 tree=(15B:11,0,10 (10B:6 (2R:2 "
       "(0B:4,8 . .) (7B:6 (4R:2 . .) (8R:10 . .))) (12B:4,11,2 . (13R:10 . .))) (18B:7 (17B:10,1 "
       ". .) (27R:9,5,8 (22B:2 (19R:8 . .) .) (31B:1 (29R:0 . .) (39R:5 . .)))))"},
      {"r:39/5 27/4 12/1 27/3 r:31/1 26/11 r:29/0 4/3 37/4 23/3 9/0 14/5 35/5 r:37/4 r:35/5 7/8 "
       "15/9 25/4 34/2 23/4",
       "max=40 msgsize=4200 cur=35 qsize=193 rightmost=34 cache=1 tree=(15B:11,0,10,9 (7B:6,8 "
       "(2R:2 (0B:4,8 . .) (4B:2,3 . .)) (10R:6 (8B:10 . (9R:0 . .)) (13B:10 (12R:4,11,2,1 . .) "
       "(14R:5 . .)))) (22B:2 (18R:7 (17B:10,1 . .) (19B:8 . .)) (26R:11 (23B:3,4 . (25R:4 . .)) "
       "(27B:9,5,8,4,3 . (34R:2 . .)))))"},
  };
  run(queue, stretches);
}

}  // namespace
}  // namespace ipcsim
