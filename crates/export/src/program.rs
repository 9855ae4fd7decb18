//! A network as it is written: its operations, and its tensors with batch normalisation folded into the convolution before it.

use std::collections::HashMap;

use models::Model;
use models::graph::{Graph, Operation, Step};
use tch::{Device, Kind, Tensor};

use crate::Error;

/// Operations and the tensors that they name, f32 on the CPU.
pub(crate) struct Program {
    pub graph: Graph,
    pub tensors: HashMap<String, Tensor>,
}

impl Program {
    /// A model's operations. A batch normalisation whose convolution nothing else reads becomes part of that: its scale in the
    /// filters, its shift in the bias, computed in f64.
    pub fn folded(model: &Model, form: &'static str) -> Result<Program, Error> {
        let graph = model.graph().map_err(|cause| Error::Form { form, problem: cause.to_string() })?;
        let host = |(name, tensor): (String, Tensor)| {
            let tensor = tensor.detach().f_to_device(Device::Cpu).and_then(|it| it.f_contiguous());
            Ok((name.clone(), tensor.map_err(Error::libtorch(format!("copy {name}")))?))
        };
        let tensors = model.named_tensors().into_iter().map(host).collect::<Result<_, Error>>()?;
        let mut program = Program { graph: Graph { input: graph.input, steps: Vec::new() }, tensors };
        let readers = readers(&graph);
        // The number that each of the graph's values has among the steps that are kept.
        let mut numbers = vec![0];
        for step in graph.steps {
            let inputs: Vec<usize> = step.inputs.iter().map(|&value| numbers[value]).collect();
            let is_read_once = step.inputs.iter().all(|&value| readers[value] == 1);
            if !(is_read_once && program.fold(&step, &inputs)) {
                program.graph.steps.push(Step { inputs, ..step });
            }
            numbers.push(program.graph.steps.len());
        }
        Ok(program)
    }

    /// Folds a batch normalisation into the step before it, the last one, where that is its convolution.
    fn fold(&mut self, step: &Step, inputs: &[usize]) -> bool {
        let Operation::BatchNorm { weight: gamma, bias: beta, mean, variance, eps } = &step.operation else {
            return false;
        };
        if inputs != [self.graph.steps.len()] {
            return false;
        }
        let Some(Step { operation: Operation::Conv { weight, bias, .. }, .. }) = self.graph.steps.last_mut() else {
            return false;
        };
        // A graph names the tensors of its own model.
        let double = |name: &str| self.tensors[name].to_kind(Kind::Double);
        let scale = double(gamma) / (double(variance) + *eps).sqrt(); // [maps]
        let filters = double(weight) * scale.view([-1, 1, 1, 1]); // [maps, channels / groups, k, k]
        let own = bias.as_ref().map_or_else(|| scale.zeros_like(), |bias| double(bias)); // [maps]
        let shift = double(beta) + (own - double(mean)) * scale; // [maps]
        let bias = bias.get_or_insert_with(|| format!("{}.bias", weight.trim_end_matches(".weight"))).clone();
        self.tensors.insert(weight.clone(), filters.to_kind(Kind::Float));
        self.tensors.insert(bias, shift.to_kind(Kind::Float));
        true
    }

    /// Shape of a value for one picture.
    pub fn shape(&self, value: usize) -> &[i64] {
        value.checked_sub(1).map_or(&self.graph.input, |step| &self.graph.steps[step].shape)
    }
}

/// How many steps read each value.
fn readers(graph: &Graph) -> Vec<usize> {
    let mut readers = vec![0; graph.steps.len() + 1];
    graph.steps.iter().flat_map(|step| &step.inputs).for_each(|&value| readers[value] += 1);
    readers
}
