#include "zeus/device/remote/not_for_children.h"

#include <pthread.h>
#include <unistd.h>

namespace zeus {

NotForChildren& NotForChildren::OfThisProcess() {
  static NotForChildren& all = *new NotForChildren();
  return all;
}

NotForChildren::NotForChildren() {
  ::pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
}

void NotForChildren::BeforeFork() {
  OfThisProcess().mutex_.lock();
}

void NotForChildren::AfterForkInParent() {
  OfThisProcess().mutex_.unlock();
}

void NotForChildren::AfterForkInChild() {
  NotForChildren& all = OfThisProcess();
  for (const int descriptor : all.descriptors_) ::close(descriptor);
  all.descriptors_.clear();
  all.mutex_.unlock();
}

}  // namespace zeus
