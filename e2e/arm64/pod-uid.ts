/** The one pod of the scenario. */
export const POD_UID = '00000000-0000-4000-8000-0000000a7364';
