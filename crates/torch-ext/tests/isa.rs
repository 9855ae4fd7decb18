//! The limit on instruction sets, alone in its process because it is one for all threads.

use torch_ext::Isa;

#[test]
fn a_limit_holds_back_better_instruction_sets_until_another_is_set() {
    let available = Isa::available();
    assert_eq!(available.last(), Some(&Isa::Plain), "every processor has it");
    assert!(available.is_sorted_by(|better, worse| better > worse));
    assert_eq!(Isa::best(), available[0]);
    for limit in [Isa::Plain, Isa::Avx2, Isa::Avx512] {
        limit.limit();
        let expected = available.iter().find(|isa| **isa <= limit);
        assert_eq!(Some(&Isa::best()), expected, "up to {limit}");
        assert_eq!(Isa::available(), available, "what the processor has stays to be had by name");
    }
}
