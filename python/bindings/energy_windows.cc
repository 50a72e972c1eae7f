#include "python/bindings/energy_windows.h"

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <new>
#include <tuple>
#include <utility>

#include "python/bindings/module.h"
#include "zeus/base/text_file.h"
#include "zeus/monitor/device_queue.h"
#include "zeus/trace/problem.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zeus::python {
namespace {

/// Names of attributes, interned once: looking them up is then comparing a pointer.
struct AttributeNames {
  PyObject* time = PyUnicode_InternFromString("time");
  PyObject* gpu_energy = PyUnicode_InternFromString("gpu_energy");
  PyObject* cpu_energy = PyUnicode_InternFromString("cpu_energy");
  PyObject* dram_energy = PyUnicode_InternFromString("dram_energy");
  PyObject* soc_energy = PyUnicode_InternFromString("soc_energy");
};

const AttributeNames& Names() {
  static const AttributeNames kNames;
  return kNames;
}

void Set(nb::handle object, PyObject* name, nb::handle value) {
  if (PyObject_SetAttr(object.ptr(), name, value.ptr()) != 0) throw nb::python_error();
}

/// An instance without its __init__: that would take longer than the measurement.
nb::object NewMeasurement(const nb::object& type, double time, nb::handle gpu_energy, nb::handle cpu_energy,
                          nb::handle dram_energy) {
  static PyObject* const kNoArguments = PyTuple_New(0);
  auto* const type_object = reinterpret_cast<PyTypeObject*>(type.ptr());
  nb::object made = nb::steal(type_object->tp_new(type_object, kNoArguments, nullptr));
  if (!made.is_valid()) throw nb::python_error();
  const AttributeNames& names = Names();
  Set(made, names.time, nb::float_(time));
  Set(made, names.gpu_energy, gpu_energy);
  Set(made, names.cpu_energy, cpu_energy);
  Set(made, names.dram_energy, dram_energy);
  Set(made, names.soc_energy, nb::none());
  return made;
}

/// Published: no dictionary where nothing is measured.
nb::object NoneIfEmpty(const nb::dict& energies) {
  return energies.empty() ? nb::none() : nb::object(energies);
}

std::shared_ptr<EnergyMonitor> CreateMonitor(const std::vector<GpuHandle>& gpus, const std::vector<CpuHandle>& cpus,
                                             const EnergyWindows::Options& options) {
  EnergyMonitorOptions monitor_options;
  if (options.wait.is_none()) monitor_options.wait_for_devices = DeviceQueue::Waiter();
  if (options.estimate_short_windows) monitor_options.short_windows = ShortWindows::kEstimate;
  std::vector<Gpu*> gpu_pointers;
  for (const GpuHandle& gpu : gpus) gpu_pointers.push_back(&gpu.get());
  std::vector<Cpu*> cpu_pointers;
  for (const CpuHandle& cpu : cpus) cpu_pointers.push_back(&cpu.get());
  const nb::gil_scoped_release release;
  return Take(EnergyMonitor::Create(gpu_pointers, cpu_pointers, std::move(monitor_options)), ErrorFamily::kGpu);
}

[[noreturn]] void Throw(const Error& error, ErrorFamily family = ErrorFamily::kGeneral) {
  throw ErrorException(error, family);
}

}  // namespace

EnergyWindows::EnergyWindows(const std::vector<GpuHandle>& gpus, const std::vector<CpuHandle>& cpus, Options options)
    : options_(std::move(options)), generation_(ForkGeneration()), monitor_(CreateMonitor(gpus, cpus, options_)) {
  if (!options_.log_file) return;
  // Published: the log has no columns of processors.
  log_.emplace(
      Take(WindowLogFile::Create(*options_.log_file, {.gpus = options_.gpu_indices, .cpus = {}, .drams = {}})));
}

EnergyWindows::~EnergyWindows() {
  // The sampling thread is the parent's; here there is nothing to wait for. What is leaked was never this process's.
  if (generation_ != ForkGeneration()) new (std::nothrow) std::shared_ptr<EnergyMonitor>(std::move(monitor_));
  const nb::gil_scoped_release release;
  monitor_.reset();
}

std::shared_ptr<EnergyMonitor> EnergyWindows::Usable() const {
  Take(CheckNotForked(generation_, "this ZeusMonitor"));
  if (monitor_ == nullptr) [[unlikely]]
    Throw({ErrorCode::kFailedPrecondition, "this ZeusMonitor was closed when the interpreter began to end"});
  return monitor_;
}

DeviceWait EnergyWindows::Wait(bool sync_execution) const {
  if (!sync_execution) return DeviceWait::kDontWait;
  if (options_.wait.is_none()) return DeviceWait::kWait;
  if (!options_.gpu_indices.empty()) options_.wait();
  return DeviceWait::kDontWait;
}

void EnergyWindows::BeginWindow(std::string_view key, bool sync_execution, bool restart) {
  const std::shared_ptr<EnergyMonitor> monitor = Usable();
  const DeviceWait wait = Wait(sync_execution);
  Result<void> begun;
  {
    const nb::gil_scoped_release release;
    begun = monitor->BeginWindow(key, restart ? IfOpen::kRestart : IfOpen::kFail, wait);
  }
  if (begun) [[likely]]
    return;
  if (begun.error().code == ErrorCode::kInvalidArgument) {
    Throw({ErrorCode::kInvalidArgument, fmt::format("Measurement window '{}' already exists", key)});
  }
  Throw(begun.error());
}

nb::object EnergyWindows::EndWindow(std::string_view key, bool sync_execution, bool cancel) {
  const std::shared_ptr<EnergyMonitor> monitor = Usable();
  const DeviceWait wait = cancel ? DeviceWait::kDontWait : Wait(sync_execution);
  std::optional<Result<Measurement>> measured;
  Result<void> ended;
  {
    const nb::gil_scoped_release release;
    if (cancel) {
      ended = monitor->CancelWindow(key);
    } else {
      measured.emplace(monitor->EndWindow(key, wait));
      if (!*measured) ended = std::unexpected(measured->error());
    }
  }
  if (!ended) [[unlikely]] {
    if (ended.error().code != ErrorCode::kNotFound) Throw(ended.error());
    Throw({ErrorCode::kInvalidArgument, fmt::format("Measurement window '{}' does not exist", key)});
  }
  if (cancel) return Cancelled();
  Measurement& measurement = **measured;
  nb::object made = ToPython(measurement);
  if (log_) {
    const nb::gil_scoped_release release;
    measurement.cpus.clear();
    Take(log_->Append(key, measurement));
  }
  return made;
}

void EnergyWindows::ResetWindows() {
  Usable()->CancelAllWindows();
}

void EnergyWindows::Close() {
  if (generation_ != ForkGeneration()) return;
  std::shared_ptr<EnergyMonitor> last = std::exchange(monitor_, nullptr);
  const nb::gil_scoped_release release;
  last.reset();
}

nb::object EnergyWindows::ToPython(const Measurement& measurement) {
  nb::dict gpu_energy;
  bool zero = false;
  for (size_t i = 0; i < measurement.gpus.size(); ++i) {
    const Result<EnergyFigure>& figure = measurement.gpus[i];
    if (!figure) [[unlikely]]
      Throw(figure.error(), ErrorFamily::kGpu);
    zero = zero || figure->energy.value() == 0;
    gpu_energy[nb::int_(options_.gpu_indices[i])] = nb::float_(figure->energy.value());
  }
  nb::dict cpu_energy;
  nb::dict dram_energy;
  for (size_t i = 0; i < measurement.cpus.size(); ++i) {
    const CpuFigures& figures = measurement.cpus[i];
    const nb::int_ index(options_.cpu_indices[i]);
    cpu_energy[index] = Take(figures.package, ErrorFamily::kCpu).energy.value();
    if (figures.dram) dram_energy[index] = Take(*figures.dram, ErrorFamily::kCpu).energy.value();
  }
  if (zero && !warned_ && !options_.estimate_short_windows) WarnOfZero();
  return NewMeasurement(options_.measurement_type, measurement.duration.value(), gpu_energy, NoneIfEmpty(cpu_energy),
                        NoneIfEmpty(dram_energy));
}

nb::object EnergyWindows::Cancelled() const {
  nb::dict gpu_energy;
  for (const int index : options_.gpu_indices) gpu_energy[nb::int_(index)] = nb::float_(0.0);
  nb::dict cpu_energy;
  for (const int index : options_.cpu_indices) cpu_energy[nb::int_(index)] = nb::float_(0.0);
  return NewMeasurement(options_.measurement_type, 0, gpu_energy, NoneIfEmpty(cpu_energy), nb::none());
}

void EnergyWindows::WarnOfZero() {
  warned_ = true;
  const int raised = PyErr_WarnEx(
      PyExc_UserWarning,
      "the energy of at least one GPU was measured as 0 J: the window was shorter than a period of the GPU's energy "
      "counter (20 to 100 ms). ZeusMonitor(approx_instant_energy=True) estimates such windows from the GPU's power. "
      "This is said once for each monitor.",
      1);
  if (raised != 0) throw nb::python_error();
}

namespace {

/// The GPUs of a window log, and of each row the window's name, its length and the GPUs' energies: s and J.
std::pair<std::vector<int>, std::vector<std::tuple<std::string, double, std::vector<double>>>> ReadLog(
    const std::string& path) {
  const std::string text = Take(ReadTextFile(path));
  Problems problems;
  const WindowLog log = ParseWindowLog(text, path, &problems);
  Take(ToResult(problems));
  std::vector<std::tuple<std::string, double, std::vector<double>>> rows;
  for (const WindowRow& row : log.rows) {
    std::vector<double> energies;
    for (const std::optional<Joules>& energy : row.gpu_energy) {
      if (!energy)
        Throw({ErrorCode::kInvalidData, fmt::format("{}:{}: the energy of a GPU is missing", path, row.line)});
      energies.push_back(energy->value());
    }
    rows.emplace_back(row.name, row.elapsed.value(), std::move(energies));
  }
  return {log.columns.gpus, std::move(rows)};
}

}  // namespace

void BindMonitors(nb::module_& module) {
  nb::class_<EnergyWindows>(module, "EnergyWindows", "Energy windows over some devices.")
      .def(
          "__init__",
          [](EnergyWindows* self, const std::vector<GpuHandle>& gpus, const std::vector<CpuHandle>& cpus,
             std::vector<int> gpu_indices, std::vector<int> cpu_indices, bool estimate_short_windows,
             std::optional<std::string> log_file, nb::object wait, nb::object measurement_type) {
            new (self) EnergyWindows(gpus, cpus,
                                     {.gpu_indices = std::move(gpu_indices),
                                      .cpu_indices = std::move(cpu_indices),
                                      .estimate_short_windows = estimate_short_windows,
                                      .log_file = std::move(log_file),
                                      .wait = std::move(wait),
                                      .measurement_type = std::move(measurement_type)});
          },
          "gpus"_a, "cpus"_a, "gpu_indices"_a, "cpu_indices"_a, "estimate_short_windows"_a, "log_file"_a.none(),
          "wait"_a.none(), "measurement_type"_a)
      .def("begin_window", &EnergyWindows::BeginWindow, "key"_a, "sync_execution"_a = true, "restart"_a = false,
           "Begins the window `key`.\n\n"
           "Windows may nest and overlap, and be ended by another thread.\n\n"
           "Args:\n"
           "    key: The window's name.\n"
           "    sync_execution: Whether to wait first until the GPUs have done what was queued on them.\n"
           "    restart: Whether to drop a window of this name that is open, and begin anew.\n\n"
           "Raises:\n"
           "    ValueError: A window of this name is open, and `restart` is false.\n"
           "    RuntimeError: A GPU's queue reported an error, or the monitor was made before a fork.")
      .def("end_window", &EnergyWindows::EndWindow, "key"_a, "sync_execution"_a = true, "cancel"_a = false,
           "Ends the window `key`.\n\n"
           "Args:\n"
           "    key: The window's name.\n"
           "    sync_execution: Whether to wait first until the GPUs have done what was queued on them.\n"
           "    cancel: Whether to forget the window instead: the measurement is then all zeros, and nothing is "
           "logged.\n\n"
           "Returns:\n"
           "    The `Measurement`: seconds, and joules of each device.\n\n"
           "Raises:\n"
           "    ValueError: No window of this name is open.\n"
           "    ZeusBaseGPUError: One of its subclasses, when a GPU could not be read at either end.\n"
           "    ZeusBaseCPUError: Likewise for a processor.")
      .def("reset_windows", &EnergyWindows::ResetWindows, "Forgets all windows that are open.")
      .def("stop_sampling", &EnergyWindows::Close, "Ends the thread that samples GPUs without an energy counter.")
      .def_prop_ro("samples_power", &EnergyWindows::samples, "Whether there is such a thread.");
  module.def("read_window_log", ReadLog, "path"_a,
             "The GPUs of a window log, and its rows: name, seconds, joules of each GPU.");
}

}  // namespace zeus::python
